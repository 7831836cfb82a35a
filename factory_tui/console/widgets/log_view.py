"""A whole log: followed or paused, wrapped or not, searched, with times where they are known.

Owns what is visible of it. The text stays on disk; what a program wrote is shown, never
interpreted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from factory_tui.console.logs.log_index import LogIndex
from factory_tui.console.logs.log_times import LogTimes
from factory_tui.console.widgets.line_view import LineView, Span
from factory_tui.console.widgets.log_window import LogWindow
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.searching import MOST, Found, Searchable, folded, matches
from factory_tui.text.foreign import cells

_STAMP = 9


class LogView(LineView, Searchable):
    """One log file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "toggle_follow", "Follow", id="follow"),
        Binding("w", "wrap", "Wrap", id="wrap"),
        Binding("t", "times", "Times", id="times"),
    ]

    class Changed(Message):
        """Following was paused or resumed, or there are more lines."""

    def __init__(self) -> None:
        super().__init__()
        self._index: LogIndex | None = None
        self.following = True
        self.wrapped = False
        self.times = False
        self.new_lines = 0
        self._known = LogTimes({})
        self._window = LogWindow(self._text)
        self._shift = 0

    @property
    def index(self) -> LogIndex | None:
        """The file that is shown."""
        return self._index

    def open(self, path: Path, root: Path, said: Mapping[str, str]) -> None:
        """Show a file.

        Args:
            path: the log.
            root: the run folder.
            said: when a line was said, by its text, as far as the ledger knows.
        """
        self._known.said = said
        if self._index is not None and self._index.path == path:
            return
        if self._index is not None:
            self._index.close()
        self._index = LogIndex(path, root)
        self._known = LogTimes(said)
        self.new_lines = self._shift = 0
        self.forget_search()
        self._index.poll()
        self.lines_changed()
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        if self.following:
            self.go_to(self._bottom())
        self.post_message(self.Changed())

    def on_resize(self, event: events.Resize) -> None:
        self._window.forget()
        self.lines_changed()
        self.call_after_refresh(self._settle)

    def on_unmount(self) -> None:
        if self._index is not None:
            self._index.close()

    def poll(self, now_us: int) -> None:
        """Look for more lines. `now_us` is when they came."""
        index = self._index
        if index is None:
            return
        before = index.count
        if not index.poll():
            return
        if index.count > before:
            self._known.came(before, now_us)
        if not self.following:
            self.new_lines += max(0, index.count - before)
        self._window.forget()
        self.lines_changed()
        if self.following:
            self.go_to(self._bottom())
        self.post_message(self.Changed())

    # --- drawing --------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        count = self._index.count if self._index else 0
        # wrapped lines take more rows than there are lines: leave room to reach the last one
        return count + (max(0, self.size.height - 1) if self.wrapped and count else 0)

    def line(self, number: int, width: int) -> Sequence[Piece]:
        text = self._text(number)[self._shift :]
        return [*self._stamp(number), (text, "")]

    def spans(self, number: int) -> Iterable[Span]:
        if not self._is_found(number):
            return ()
        shown = self.line_text(number)
        start = _STAMP if self.times else 0
        name = self._found_name(number)
        return [(start + a, start + b, name) for a, b in matches(self._needle, shown[start:])]

    def render_line(self, y: int) -> Strip:
        if not self.wrapped:
            return super().render_line(y)
        width, height = self.size
        count = self._index.count if self._index else 0
        rows = self._window.rows(self.scroll_offset.y, count, self._room, height)
        if y >= len(rows):
            return Strip.blank(width, self.base_style)
        number, part = rows[y]
        first = y == 0 or rows[y - 1][0] != number
        stamp = self._stamp(number) if first else [(" " * _STAMP, "")] if self.times else []
        name = self._found_name(number) if self._is_found(number) else ""
        return self.strip([*stamp, (part, name)], width).apply_offsets(0, number)

    @property
    def _room(self) -> int:
        """Cells for the text of a line."""
        return max(10, self.size.width - (_STAMP if self.times else 0))

    def _text(self, number: int) -> str:
        return cells(self._index.line(number)) if self._index else ""

    def _stamp(self, number: int) -> list[Piece]:
        if not self.times:
            return []
        return [(f"{self._known.of(number, self._text(number)):<{_STAMP}}", "dim")]

    # --- moving ---------------------------------------------------------------------------------

    def _bottom(self) -> int:
        """The first line of the view when the last one stands at its bottom."""
        count = self._index.count if self._index else 0
        height = max(1, self.size.height)
        if not self.wrapped:
            return max(0, count - height)
        return self._window.bottom(count, self._room, height)

    def go_to(self, number: int) -> None:
        super().go_to(min(number, self._bottom()))
        following = number >= self._bottom()
        if following != self.following:
            self._follow(following)

    def _follow(self, following: bool) -> None:
        self.following = following
        if following:
            self.new_lines = 0
        self.post_message(self.Changed())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and self.following and round(new_value) < self._bottom():
            self._follow(False)  # the wheel or the scroll bar

    def action_toggle_follow(self) -> None:
        if self.following:
            self._follow(False)
        else:
            self.action_edge(1)

    def action_wrap(self) -> None:
        self.wrapped = not self.wrapped
        self._window.forget()
        self.lines_changed()
        if self.following:
            self.call_after_refresh(self._settle)

    def action_times(self) -> None:
        self.times = not self.times
        self._window.forget()
        self.refresh()

    def action_side(self, cells: int) -> None:
        self._shift = max(0, self._shift + cells)
        self.refresh()

    # --- searching ------------------------------------------------------------------------------

    def find_all(self, needle: str) -> list[Found]:
        if self._index is None:
            return []
        wanted = needle.encode("utf-8", "surrogateescape")
        lines = self._index.find(wanted, fold=folded(needle), most=MOST)
        return [Found(line, 0, -1) for line in lines]

    def show_line(self, number: int) -> None:
        self.go_to(max(0, number - self.size.height // 3))

    def _is_found(self, number: int) -> bool:
        at = bisect_left(self._rows_found, number)
        return at < len(self._rows_found) and self._rows_found[at] == number

    def _found_name(self, number: int) -> str:
        at = self._current
        now = 0 <= at < len(self._rows_found) and self._rows_found[at] == number
        return "match-now" if now else "match"
