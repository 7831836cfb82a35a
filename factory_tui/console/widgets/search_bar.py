"""The line in which a search is typed.

Owns the input and the count beside it; what is searched is the screen's choice.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class SearchBar(Horizontal):
    """`/` and what is looked for. Hidden until it is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", id="search_clear"),
        Binding("down", "step(1)", "Next match", show=False, id="search_next"),
        Binding("up", "step(-1)", "Match before", show=False, id="search_before"),
    ]

    class Typed(Message):
        """Another text is looked for; empty when the search is over."""

        def __init__(self, needle: str) -> None:
            super().__init__()
            self.needle = needle

    class Stepped(Message):
        """Go to the next match, or the one before."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Left(Message):
        """The typing is over: back to the view."""

    def __init__(self, label: str = "/") -> None:
        super().__init__(classes="search-bar")
        self._label = label

    def compose(self) -> ComposeResult:
        yield Static(self._label, classes="search-label", markup=False)
        yield Input(compact=True, select_on_focus=False)
        yield Static("", classes="search-count", markup=False)

    def open(self, text: str | None = None) -> None:
        """Show it and let the person type."""
        self.display = True
        field = self.query_one(Input)
        if text is not None:
            field.value = text
        field.focus()

    @property
    def text(self) -> str:
        """What is looked for."""
        return self.query_one(Input).value

    def show_count(self, words: str) -> None:
        """Show how many matches there are."""
        self.query_one(".search-count", Static).update(words, layout=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value:
            self.display = False
        self.post_message(self.Left())

    def action_step(self, step: int) -> None:
        self.post_message(self.Stepped(step))

    def action_clear(self) -> None:
        self.query_one(Input).value = ""
        self.display = False
        self.post_message(self.Left())
