"""Questions: a choice between named things, and a line of text.

Owns how a choice is made: arrows or jk and enter, its number, y and n where there are two;
escape chooses nothing. The focus is on what does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from factory_tui.console.widgets.paint import PaintedScreen, Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.glyphs import glyphs


@dataclass(frozen=True)
class Choice:
    """One answer.

    Args:
        name: what the asker gets.
        label: a few words.
        effect: what it will do.
        obstacle: why it cannot be chosen; empty where it can.
    """

    name: str
    label: str
    effect: str = ""
    obstacle: str = ""


class ChoiceList(RowList[Choice]):
    """Choices, each with its number and what it will do."""

    def draw(self, row: Choice, number: int, width: int) -> Sequence[Piece]:
        pointer = glyphs().pointer if number == self.cursor else " "
        words = fit(row.obstacle or row.effect, max(1, width - self.indent))
        return [
            (f" {pointer} {number + 1} ", "key" if not row.obstacle else "dim"),
            (f"{row.label:<{self.indent - 8}}", "bold" if not row.obstacle else "dim"),
            (f"   {words}" if words else "", "warn" if row.obstacle else "dim"),
        ]

    @property
    def indent(self) -> int:
        """Cells before what a choice will do."""
        return 8 + max((len(choice.label) for choice in self.rows), default=0)


class ChoiceEffect(Static):
    """What the choice under the cursor will do, in full, where the list had to cut it."""

    def __init__(self) -> None:
        super().__init__(classes="effect", markup=False)

    def explain(self, listed: ChoiceList) -> None:
        """Say it, or vanish where nothing was cut anywhere in the list."""
        room = listed.size.width - listed.indent
        words = [choice.obstacle or choice.effect for choice in listed.rows]
        self.display = any(len(text) > room for text in words)
        self.update(words[listed.cursor] if words else "")


class Ask(PaintedScreen[str], ModalScreen[str]):
    """A choice. The answer is the name of what was chosen, empty for nothing.

    Args:
        question: one line that names the object.
        choices: the answers, at least one.
        facts: lines below the question.
        default: the place of the answer under the cursor at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "choose('')", "Leave it", id="ask_leave"),
        Binding("y", "yes(True)", "Yes", show=False, id="ask_yes"),
        Binding("n", "yes(False)", "No", show=False, id="ask_no"),
    ]

    def __init__(
        self,
        question: str,
        choices: Sequence[Choice],
        *,
        facts: Sequence[str] = (),
        default: int = 0,
    ) -> None:
        super().__init__()
        self._question = question
        self._choices = choices
        self._facts = facts
        self._default = default

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            for fact in self._facts:
                yield Static(fact, classes="fact", markup=False)
            yield ChoiceList(id="choices")
            yield ChoiceEffect()
            yield Static("enter choose   esc leave it", classes="hint", markup=False)

    def begin(self) -> None:
        listed = self.query_one(ChoiceList)
        listed.styles.height = len(self._choices)
        listed.set_rows(self._choices, self._default)
        listed.focus()
        self.call_after_refresh(self._explain)

    @on(RowList.Moved)
    def _explain(self) -> None:
        if self.display:  # it may have been answered in the meantime
            self.query_one(ChoiceEffect).explain(self.query_one(ChoiceList))

    @on(RowList.Opened)
    def _opened(self, message: RowList.Opened) -> None:
        self._take(message.index)

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isdigit():
            self._take(int(event.character) - 1)

    def _take(self, index: int) -> None:
        if 0 <= index < len(self._choices):
            if self._choices[index].obstacle:
                self.app.bell()
            else:
                self.dismiss(self._choices[index].name)

    def action_choose(self, name: str) -> None:
        self.dismiss(name)

    def action_yes(self, yes: bool) -> None:
        """`y` and `n` are the doing and the leaving of a question with two answers."""
        if len(self._choices) == 2:
            self.dismiss(self._choices[1 - self._default if yes else self._default].name)


class Prompt(PaintedScreen[str | None], ModalScreen[str | None]):
    """A line of text; None where none was given.

    Args:
        question: what is asked for.
        effect: what giving it will do.
        value: what stands there at first.
        check: the clause that says what is wrong with a text; empty where nothing is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Leave it", id="prompt_leave"),
    ]

    def __init__(
        self,
        question: str,
        effect: str,
        *,
        value: str = "",
        check: Callable[[str], str] = lambda text: "",
    ) -> None:
        super().__init__()
        self._question = question
        self._effect = effect
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield Static(self._effect, classes="fact", markup=False)
            yield Input(self._value, compact=True)
            yield Static("enter go on   esc leave it", classes="hint", markup=False)

    def begin(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        wrong = self._check(event.value)
        self.query_one(".hint", Static).update(wrong or "enter go on   esc leave it")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not self._check(event.value):
            self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)
