"""Search in a view of lines: incremental, with a count, case counted only where a capital is typed.

Owns what was looked for, the matches, and which of them is the current one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

MOST = 20_000
"""Matches that are kept; more are counted as so many or more."""


class Found(NamedTuple):
    """A match: the row, and its characters in that row; end -1 where only the row is known."""

    row: int
    start: int
    end: int


def folded(needle: str) -> bool:
    """Whether upper and lower case are the same for this search."""
    return needle == needle.lower()


def matches(needle: str, text: str) -> Iterable[tuple[int, int]]:
    """Where `needle` stands in `text`."""
    hay = text.lower() if folded(needle) else text
    at = hay.find(needle)
    while needle and at >= 0:
        yield at, at + len(needle)
        at = hay.find(needle, at + len(needle))


class Searchable:
    """What a view of lines adds to be searched. The view itself finds the matches."""

    _needle = ""
    _found: list[Found] = []  # noqa: RUF012 - replaced, never changed
    _rows_found: list[int] = []  # noqa: RUF012
    _current = -1

    def find_all(self, needle: str) -> list[Found]:
        """All matches in the order of rows, at most `MOST`."""
        return []

    def show_line(self, number: int) -> None:
        """Bring a row into view."""

    def first_shown(self) -> int:
        """The first row of the view, where a search begins."""
        return 0

    def refresh_found(self) -> None:
        """Draw again, with the matches of now."""

    def search(self, needle: str) -> None:
        """Look for `needle`, from the rows that are on the screen on; empty forgets it."""
        self._needle = needle
        self._found = self.find_all(needle) if needle else []
        self._rows_found = [found.row for found in self._found]
        self._current = -1
        if self._found:
            at = bisect_left(self._rows_found, self.first_shown())
            self._go(at % len(self._found))

    def forget_search(self) -> None:
        """No search any more."""
        self._needle, self._found, self._rows_found, self._current = "", [], [], -1

    def next_match(self, step: int) -> None:
        """Go to the next match, or the one before; past the end it begins again."""
        if self._found:
            self._go((self._current + step) % len(self._found))

    def _go(self, index: int) -> None:
        self._current = index
        self.show_line(self._found[index].row)

    @property
    def search_words(self) -> str:
        """`3 of 17` for the search bar."""
        if not self._needle:
            return ""
        if not self._found:
            return "no match"
        more = " or more" if len(self._found) >= MOST else ""
        return f"{self._current + 1} of {len(self._found):,}{more}"

    def found_spans(self, row: int) -> list[tuple[int, int, str]]:
        """The matches of a row, the current one apart."""
        at = bisect_left(self._rows_found, row)
        spans = []
        while at < len(self._found) and self._rows_found[at] == row:
            _, start, end = self._found[at]
            spans.append((start, end, "match-now" if at == self._current else "match"))
            at += 1
        return spans
