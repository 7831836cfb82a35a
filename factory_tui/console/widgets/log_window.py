"""Which parts of which lines fill a window of wrapped lines.

Owns that arithmetic, for the lines in and just above the window only. A line takes as many rows
as it needs; the window begins at the first row of a line.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import chop_cells

Rows = list[tuple[int, str]]


class LogWindow:
    """Wrapped lines of a text that grows.

    Args:
        text: gives a line by its number.
    """

    def __init__(self, text: Callable[[int], str]) -> None:
        self._text = text
        self._key: tuple[int, ...] = ()
        self._rows: Rows = []

    def forget(self) -> None:
        """The text is another one."""
        self._key = ()

    def rows(self, first: int, count: int, width: int, height: int) -> Rows:
        """What each row shows: the number of its line, and the part of it."""
        key = (first, width, height)
        if self._key != key:
            rows: Rows = []
            for number in range(first, count):
                rows += [(number, part) for part in self._parts(number, width)]
                if len(rows) >= height:
                    break
            self._key, self._rows = key, rows
        return self._rows

    def bottom(self, count: int, width: int, height: int) -> int:
        """The first line of the window when the last line ends at its bottom."""
        rows, number = 0, count
        while number > 0:
            rows += len(self._parts(number - 1, width))
            if rows > height:
                break
            number -= 1
        return min(number, count - 1) if count else 0

    def _parts(self, number: int, width: int) -> list[str]:
        return chop_cells(self._text(number), width) or [""]
