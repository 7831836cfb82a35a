"""A patch as numbered rows, one under the other or side by side.

Owns the arrangement: which line of the patch stands in which row. Rows of a hunk are made when
one of them is first asked for; what a line looks like is not known here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

from factory_engine.patch.model import Hunk, PatchFile, PatchReading

_HEADER = re.compile(rb"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
_BLOCK = re.compile(rb"(-*)(\+*)")
_SPACE = re.compile(rb"\s+")
_HUNKS_KEPT = 64

Kind = Literal["file", "note", "hunk", "line", "blank"]
Table = list[tuple[int, int]]
"""For each row the line on the left and the one on the right, -1 where there is none."""


class Line(NamedTuple):
    """One line of a hunk: its place, sign, numbers in both files (0: not there), and bytes."""

    at: int
    sign: str
    old: int
    new: int
    data: bytes


class Row(NamedTuple):
    """A row. `left` is the old side and `right` the new one; in one column only `right` is set."""

    kind: Kind
    file: int
    hunk: int
    left: Line | None = None
    right: Line | None = None


class HunkLines:
    """The lines of one hunk."""

    def __init__(self, data: bytes, hunk: Hunk) -> None:
        body = data[hunk.start : hunk.end].removesuffix(b"\n")
        self.lines = body.split(b"\n") if body else []
        head = _HEADER.match(data, data.rfind(b"\n", 0, max(0, hunk.start - 1)) + 1)
        old, new = (int(head[1]), int(head[2])) if head else (1, hunk.new_start)
        self.title = head[3].split(b"\n")[0] if head else b""
        self.signs = [line[:1] or b" " for line in self.lines]
        in_old = (sign in (b" ", b"-") for sign in self.signs)
        in_new = (sign in (b" ", b"+") for sign in self.signs)
        self._old = list(accumulate(in_old, initial=old))
        self._new = list(accumulate(in_new, initial=new))

    def line(self, index: int) -> Line:
        """One line with its numbers."""
        sign = self.signs[index].decode("latin-1")
        old = self._old[index] if sign in " -" else 0
        new = self._new[index] if sign in " +" else 0
        return Line(index, sign, old, new, self.lines[index][1:])

    def old_before(self, index: int) -> int:
        """The number of the old line before a line, for an added one the place of insertion."""
        return self._old[index] - 1

    def partner(self, index: int, reach: int = 200) -> int | None:
        """The line on the other side that `index` replaces or is replaced by."""
        sign = self.signs[index]
        if sign not in (b"-", b"+"):
            return None
        first = index
        while first > 0 and index - first < reach and self.signs[first - 1] in (b"-", b"+"):
            first -= 1
        removed = first
        while removed < len(self.signs) and self.signs[removed] == b"-":
            removed += 1
        opposite = index + (removed - first) if sign == b"-" else index - (removed - first)
        other = b"+" if sign == b"-" else b"-"
        if first <= opposite < len(self.signs) and self.signs[opposite] == other:
            between = self.signs[min(index, opposite) : max(index, opposite)]
            return opposite if b" " not in between else None
        return None


@dataclass(frozen=True)
class _Section:
    """Rows that belong together: of a file's head, or of one hunk."""

    first: int
    file: int
    hunk: int


class Rows:
    """All rows of a patch.

    Args:
        reading: the patch.
        split: old and new side by side.
        ignore_space: show lines that differ only in white space as unchanged.
    """

    def __init__(self, reading: PatchReading, *, split: bool, ignore_space: bool = False) -> None:
        self.reading = reading
        self.split = split
        self.ignore_space = ignore_space
        self.file_rows: list[int] = []
        self.hunk_rows: list[int] = []
        self._sections: list[_Section] = []
        self._kept: OrderedDict[tuple[int, int], HunkLines] = OrderedDict()
        self._tables: OrderedDict[tuple[int, int], Table] = OrderedDict()
        self.count = self._lay_out()
        self._firsts = [section.first for section in self._sections]

    def _lay_out(self) -> int:
        row = 0
        for number, file in enumerate(self.reading.files):
            self.file_rows.append(row)
            self._sections.append(_Section(row, number, -1))
            row += 1 if file.hunks else 2
            for position, hunk in enumerate(file.hunks):
                self.hunk_rows.append(row)
                self._sections.append(_Section(row, number, position))
                row += 1 + self._rows_in(number, position, hunk)
            row += 1
        return row

    def _rows_in(self, file: int, position: int, hunk: Hunk) -> int:
        """Rows of a hunk below its head. A long patch waits for this: no table is made for it."""
        if self.split:
            return rows_side_by_side(self.reading.data[hunk.start : hunk.end])
        table = self._table(file, position)
        return self._lines_in(hunk) if table is None else len(table)

    def _lines_in(self, hunk: Hunk) -> int:
        return self.reading.data.count(b"\n", hunk.start, hunk.end) + (
            hunk.end > hunk.start and self.reading.data[hunk.end - 1] != 0x0A
        )

    def _table(self, file: int, hunk: int) -> Table | None:
        """The lines of each row of a hunk; None where each line is a row."""
        if not (self.split or self.ignore_space):
            return None
        key = (file, hunk)
        table = self._tables.pop(key, None)
        if table is None:
            lines = self.lines(file, hunk)
            table = side_by_side(lines, ignore_space=self.ignore_space)
            if not self.split:
                table = one_column(lines, table)
        self._tables[key] = table
        if len(self._tables) > _HUNKS_KEPT:
            self._tables.popitem(last=False)
        return table

    def lines(self, file: int, hunk: int) -> HunkLines:
        """The lines of a hunk."""
        key = (file, hunk)
        found = self._kept.pop(key, None)
        if found is None:
            found = HunkLines(self.reading.data, self.reading.files[file].hunks[hunk])
        self._kept[key] = found
        if len(self._kept) > _HUNKS_KEPT:
            self._kept.popitem(last=False)
        return found

    def row(self, number: int) -> Row:
        """One row."""
        section = self._section(number)
        file, at = section.file, number - section.first
        if section.hunk < 0:
            note = at == 1 and not self.reading.files[file].hunks
            return Row("file" if at == 0 else "note" if note else "blank", file, -1)
        if at == 0:
            return Row("hunk", file, section.hunk)
        lines = self.lines(file, section.hunk)
        table = self._table(file, section.hunk)
        if table is None:
            if at > len(lines.lines):
                return Row("blank", file, section.hunk)
            return Row("line", file, section.hunk, None, lines.line(at - 1))
        if at > len(table):
            return Row("blank", file, section.hunk)
        left, right = table[at - 1]
        return Row(
            "line",
            file,
            section.hunk,
            lines.line(left) if left >= 0 else None,
            lines.line(right) if right >= 0 else None,
        )

    def place(self, number: int) -> tuple[int, int]:
        """File and hunk (-1: before its first) of a row."""
        if not self._sections:
            return -1, -1
        section = self._section(number)
        return section.file, section.hunk

    def row_of(self, file: int, hunk: int, line: int) -> int:
        """The row that shows a line of a hunk."""
        first = self.hunk_rows[self._hunks_before(file) + hunk]
        table = self._table(file, hunk)
        if table is None:
            return first + 1 + line
        return first + 1 + next((n for n, pair in enumerate(table) if line in pair), 0)

    def _hunks_before(self, file: int) -> int:
        return sum(len(found.hunks) for found in self.reading.files[:file])

    def _section(self, number: int) -> _Section:
        return self._sections[max(0, bisect_right(self._firsts, number) - 1)]


def rows_side_by_side(data: bytes) -> int:
    """How many rows `side_by_side` gives for the lines of a hunk."""
    body = data.removesuffix(b"\n")
    lines = body.split(b"\n") if body else []
    signs = b"".join([line[:1] or b" " for line in lines]).replace(b"\\", b"")
    blocks = _BLOCK.findall(signs)
    unchanged = len(signs) - signs.count(b"-") - signs.count(b"+")
    return unchanged + sum([max(len(removed), len(added)) for removed, added in blocks])


def side_by_side(lines: HunkLines, *, ignore_space: bool = False) -> Table:
    """For each row the line on the left and the one on the right, -1 where there is none."""
    table: Table = []
    removed: list[int] = []
    added: list[int] = []

    def flush() -> None:
        for n in range(max(len(removed), len(added))):
            left = removed[n] if n < len(removed) else -1
            right = added[n] if n < len(added) else -1
            same = ignore_space and left >= 0 and right >= 0 and _alike(lines, left, right)
            table.append((right, right) if same else (left, right))
        removed.clear()
        added.clear()

    for index, sign in enumerate(lines.signs):
        if sign == b"-":
            if added:
                flush()
            removed.append(index)
        elif sign == b"+":
            added.append(index)
        elif sign != b"\\":  # "no newline at end of file" says nothing that fits a row of two
            flush()
            table.append((index, index))
    flush()
    return table


def one_column(lines: HunkLines, table: Table) -> Table:
    """The rows of `table` with removed lines above the added ones."""
    column: Table = []
    waiting: list[int] = []
    for left, right in table:
        if left == right:
            column += [(-1, index) for index in waiting]
            waiting.clear()
            column.append((-1, right))
            continue
        if left >= 0:
            column.append((-1, left))
        if right >= 0:
            waiting.append(right)
    return column + [(-1, index) for index in waiting]


def note_of(file: PatchFile) -> str:
    """What a section without hunks changes."""
    if file.binary:
        sizes = file.declared_sizes
        return f"binary file, {sizes[0]:,} bytes" if sizes else "binary file"
    if file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        return f"mode {file.old_mode} becomes {file.new_mode}"
    if file.kind in ("renamed", "copied"):
        return f"{file.kind} without a change"
    return "empty file"


def _alike(lines: HunkLines, left: int, right: int) -> bool:
    return _SPACE.sub(b"", lines.lines[left][1:]) == _SPACE.sub(b"", lines.lines[right][1:])
