"""Whether the lines of a hunk are the ones that its header promises.

Owns the counting. The usual hunk is counted by whole-range searches, which cost no object for each
line; the rest line by line.
"""

from __future__ import annotations

import re

_FOREIGN_LINE = re.compile(rb"\n[^ +\-\n]")
_BACKSLASH = 0x5C


def count_hunk(data: bytes, start: int, end: int, old: int, new: int) -> tuple[int, int] | str:
    """The added and removed lines of the hunk `data[start:end]`, or what is wrong with it.

    Args:
        data: the patch; `data[start - 1]` is a newline, and so is the last byte of the range.
        start: where its first line begins.
        end: behind its last line.
        old: the number of lines that it promises for the old file.
        new: the same for the new file.
    """
    if not (old or new):
        return "is empty"
    last = data.rfind(b"\n", start - 1, end - 1) + 1
    if last > start and data[last] == _BACKSLASH:
        counted = _count_plain(data, start, last, old, new)
    else:
        counted = _count_plain(data, start, end, old, new)
    return counted if counted is not None else _count_each(data, start, end, old, new)


def _count_plain(data: bytes, start: int, end: int, old: int, new: int) -> tuple[int, int] | None:
    """The counts of a hunk that holds nothing but context, added and removed lines; else None.

    When the sums are right, a reader that stops as soon as both are reached stops at `end`.
    """
    before = start - 1  # the newline before the first line, so that each line has one
    lines = data.count(b"\n", start, end)
    if lines == new + old and not (old and new):  # one side only
        sign = b"\n+" if new else b"\n-"
        return (new, old) if data.count(sign, before, end) == lines else None
    added = data.count(b"\n+", before, end)
    removed = data.count(b"\n-", before, end)
    context = lines - added - removed
    if old != removed + context or new != added + context:
        return None
    return None if _FOREIGN_LINE.search(data, before, end) else (added, removed)


def _count_each(data: bytes, start: int, end: int, old: int, new: int) -> tuple[int, int] | str:
    left = {"old": old, "new": new}
    counts = {b"+": 0, b"-": 0}
    previous: tuple[str, ...] = ()
    closed: set[str] = set()
    at = start
    while at < end:
        sign = data[at : at + 1]
        sides = _SIDES.get(sign)
        if sides is not None:
            if closed.intersection(sides):
                return "goes on after the end of a file"
            for side in sides:
                left[side] -= 1
            if sign in counts:
                counts[sign] += 1
            previous = sides
        elif sign == b"\\" and previous and data.startswith(b"\\ ", at):
            closed.update(previous)
            previous = ()
        else:
            return "holds a line that is no content"
        at = data.index(b"\n", at) + 1
    if any(left.values()):
        return "has other numbers of lines than it says"
    return counts[b"+"], counts[b"-"]


_SIDES: dict[bytes, tuple[str, ...]] = {
    b" ": ("old", "new"),
    b"\n": ("old", "new"),
    b"+": ("new",),
    b"-": ("old",),
}
