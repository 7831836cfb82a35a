"""A list of rows with a cursor.

Owns the cursor: where it is, how it moves, what opens. Rows are any values; a subclass says how
one looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from factory_tui.console.widgets.line_view import LineView
from factory_tui.console.widgets.paint import Piece

R = TypeVar("R")


class RowList(LineView, Generic[R], inherit_bindings=False):
    """Rows, one of which is under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "line(-1)", "Up", show=False, id="up"),
        Binding("down,j", "line(1)", "Down", show=False, id="down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="page_down"),
        Binding("home,g", "edge(-1)", "Top", show=False, id="top"),
        Binding("end,G", "edge(1)", "Bottom", show=False, id="bottom"),
        Binding("enter", "open", "Open", show=False, id="open"),
    ]

    ALLOW_SELECT = False  # a double click opens

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, rows: RowList[Any], index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

    class Opened(Moved):
        """The row under the cursor was chosen."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[R] = ()
        self.cursor = 0

    def draw(self, row: R, number: int, width: int) -> Sequence[Piece]:
        """What a row shows. `number` is its place in the list, `width` the cells there are."""
        raise NotImplementedError

    @property
    def line_count(self) -> int:
        return len(self.rows)

    @property
    def current(self) -> R | None:
        """The row under the cursor; None in an empty list."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def set_rows(self, rows: Sequence[R], cursor: int | None = None) -> None:
        """Show other rows; the cursor stays where it is unless `cursor` says otherwise."""
        self.rows = rows
        wanted = self.cursor if cursor is None else cursor
        moved = wanted != self.cursor
        self.cursor = max(0, min(wanted, len(rows) - 1))
        self.lines_changed()
        if moved:
            self.show_line(self.cursor)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, as near as there is one, and tell about it."""
        index = max(0, min(index, len(self.rows) - 1))
        moved = index != self.cursor
        self.cursor = index
        self.show_line(index)
        self.refresh()
        if moved:
            self.post_message(self.Moved(self, index))

    def line(self, number: int, width: int) -> Sequence[Piece]:
        return self.draw(self.rows[number], number, width)

    def over(self, number: int) -> str:
        if number != self.cursor:
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"

    def action_line(self, step: int) -> None:
        self.move_to(self.cursor + step)

    def action_page(self, step: int) -> None:
        self.move_to(self.cursor + step * max(1, self.size.height - 1))

    def action_edge(self, side: int) -> None:
        self.move_to(0 if side < 0 else len(self.rows) - 1)

    def action_open(self) -> None:
        if self.rows:
            self.post_message(self.Opened(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        row = self.scroll_offset.y + event.y
        if row < len(self.rows):
            self.move_to(row)
            if event.chain == 2:
                self.action_open()
