"""A patch on the screen: unified or side by side, with colours for what is visible.

Owns what a row looks like and the moves between hunks and files. The arrangement of rows is
`diff.rows`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from factory_engine.patch.model import PatchReading
from factory_tui.console.diff.paint_rows import Coloring, RowPainter
from factory_tui.console.diff.rows import Row, Rows
from factory_tui.console.widgets.line_view import LineView, Span
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.searching import Found, Searchable

_NOTHING = PatchReading(b"")
_WAITING = 24
_REST_S = 0.08
"""Whoever pages on sees lines; colours come where the reading stops."""


class DiffView(LineView, Searchable):
    """A patch."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_curly_bracket", "hunk(1)", "Next hunk", key_display="}", id="next_hunk"),
        Binding("left_curly_bracket", "hunk(-1)", "Hunk before", key_display="{", id="hunk_before"),
        Binding("right_parenthesis", "file(1)", "Next file", key_display=")", id="next_file"),
        Binding("left_parenthesis", "file(-1)", "File before", key_display="(", id="file_before"),
        Binding("v", "toggle_split", "Split/unified", id="split"),
        Binding("W", "space", "White space", id="white_space"),
    ]
    SPACES: ClassVar = ("plain", "marked", "ignored")

    class Turned(Message):
        """Another file or hunk is at the top."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = _NOTHING
        self.space = "plain"
        self.split: bool | None = None
        self._rows = Rows(_NOTHING, split=False)
        self._painter = RowPainter(self._rows)
        self._uncolored: list[tuple[RowPainter, Coloring]] = []
        self._coloring = False
        self._asked = 0
        self._shift = 0
        self._owners: dict[tuple[int, int], str] = {}
        self._announced = (-1, -1)

    def show_patch(
        self, reading: PatchReading, owners: dict[tuple[int, int], str] | None = None
    ) -> None:
        """Show a patch; `owners` names whose a hunk is, by file and hunk."""
        self.reading = reading
        self._owners = owners or {}
        self.forget_search()
        self._arrange()
        self.go_to(0)

    def split_for(self, width: int) -> bool:
        """Side by side: what was chosen, else where there is room."""
        return width >= 100 if self.split is None else self.split

    def _arrange(self) -> None:
        file, hunk = self.place
        split = self.split_for(self.size.width)
        self._rows = Rows(self.reading, split=split, ignore_space=self.space == "ignored")
        self._painter = RowPainter(
            self._rows, self._owners, marked=self.space == "marked", later=self._color_later
        )
        self.lines_changed()
        if file > 0 or hunk > 0:
            self.go_to_place(file, hunk)

    def on_resize(self, event: events.Resize) -> None:
        if self.split_for(event.size.width) != self._rows.split:
            self._arrange()
        self.refresh()

    # --- drawing --------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        return self._rows.count

    def line(self, number: int, width: int) -> Sequence[Piece]:
        return self._painter.pieces(number, width, self._shift)

    def over(self, number: int) -> str:
        return self._painter.over(number)

    def spans(self, number: int) -> Iterable[Span]:
        return self.found_spans(number)

    def _color_later(self, wanted: Coloring) -> None:
        """Lines stand at once; a thread finds the colours of their language."""
        self._asked += 1
        self._uncolored.append((self._painter, wanted))
        if len(self._uncolored) > _WAITING:  # long scrolled away
            painter, dropped = self._uncolored.pop(0)
            painter.forget(dropped.key)
        if not self._coloring:
            self._coloring = True
            self.run_worker(self._color(), group="colors")

    async def _color(self) -> None:
        """Colour what waits, the newest first, once nothing was added for a moment."""
        rested = 0
        while self._uncolored:
            if rested != self._asked:
                rested = self._asked
                await asyncio.sleep(_REST_S)
                continue
            painter, wanted = self._uncolored.pop()
            painter.take(wanted.key, await asyncio.to_thread(wanted.color))
        self._coloring = False
        self.refresh()

    @property
    def is_colored(self) -> bool:
        """Whether no line waits for its colours."""
        return not self._coloring

    # --- moving ---------------------------------------------------------------------------------

    @property
    def place(self) -> tuple[int, int]:
        """File and hunk at the top of the view."""
        return self._rows.place(self.scroll_offset.y) if self._rows.count else (-1, -1)

    @property
    def hunk_count(self) -> int:
        """Hunks of all files."""
        return len(self._rows.hunk_rows)

    def go_to_place(self, file: int, hunk: int = -1) -> None:
        """Put a file, or one of its hunks, at the top."""
        if 0 <= file < len(self._rows.file_rows):
            first = self._rows.file_rows[file]
            self.go_to(self._rows.row_of(file, hunk, -1) if hunk >= 0 else first)

    def action_hunk(self, step: int) -> None:
        self._jump(self._rows.hunk_rows, step)

    def action_file(self, step: int) -> None:
        self._jump(self._rows.file_rows, step)

    def _jump(self, rows: list[int], step: int) -> None:
        top = self.scroll_offset.y
        if step > 0:
            target = next((row for row in rows if row > top), None)
        else:
            target = next((row for row in reversed(rows) if row < top), None)
        if target is not None:
            self.go_to(target)

    def action_side(self, cells: int) -> None:
        self._shift = max(0, self._shift + cells)
        self.refresh()

    def action_toggle_split(self) -> None:
        self.split = not self._rows.split
        self._arrange()

    def action_space(self) -> None:
        self.space = self.SPACES[(self.SPACES.index(self.space) + 1) % 3]
        self._arrange()
        self.post_message(self.Turned())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.place != self._announced:
            self._announced = self.place
            self.post_message(self.Turned())

    # --- searching and copying ------------------------------------------------------------------

    def find_all(self, needle: str) -> list[Found]:
        return self._painter.find_all(needle)

    def hunk_text(self) -> str:
        """The hunk at the top of the view, as the patch has it."""
        row = self._row_at_top()
        hunks = self.reading.files[row.file].hunks if row is not None else ()
        if row is None or not hunks:
            return ""
        hunk = hunks[max(0, row.hunk)]
        start = self.reading.data.rfind(b"\n", 0, hunk.start - 1) + 1
        return self.reading.data[start : hunk.end].decode("utf-8", "replace")

    def _row_at_top(self) -> Row | None:
        return self._rows.row(self.scroll_offset.y) if self._rows.count else None
