"""A thing that is on or off, told apart without colours. Owns its value."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from factory_tui.console.widgets.paint import Painted


class Toggle(Painted, can_focus=True):
    """`[x]` and what it means.

    Args:
        label: what it means.
        id: the widget's id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "flip", "On/off", id="flip"),
    ]
    ALLOW_SELECT = False

    class Changed(Message):
        """It is the other way round now."""

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(id=id)
        self._label = label
        self.value = False

    def render_line(self, y: int) -> Strip:
        over = "cursor" if self.has_focus else ""
        box = "[x]" if self.value else "[ ]"
        return self.strip([(f" {box} {self._label}", "")], self.size.width, over)

    def action_flip(self) -> None:
        self.value = not self.value
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        self.action_flip()
