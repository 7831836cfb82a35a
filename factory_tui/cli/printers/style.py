"""Colours of status words and the alignment of plain tables.

Owns both. A colour only repeats what the word beside it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Style = Callable[[str], str]
"""Takes a status word, padded or not, and gives it a colour, or not."""

_COLORS = {
    "PASS": "32",
    "OK": "32",
    "BLOCKED": "1;35",
    "BLOCK": "1;35",
    "FAIL": "1;31",
    "WARN": "33",
    "RETRY": "36",
    "STALLED": "33",
    "RUNNING": "34",
    "PENDING": "2",
}


def plain(word: str) -> str:
    """No colour."""
    return word


def colored(word: str) -> str:
    """`word` in the colour of the status that it is; any other word as it is."""
    color = _COLORS.get(word.strip())
    return f"\x1b[{color}m{word}\x1b[0m" if color else word


def style(wanted: bool) -> Style:
    """The style for a stream that wants colours or not."""
    return colored if wanted else plain


def table(
    rows: Sequence[Sequence[str]], header: Sequence[str] = (), paint: Style = plain
) -> list[str]:
    """Rows in aligned columns, without trailing spaces; the header only where there are rows."""
    if not rows:
        return []
    whole = [header, *rows] if header else rows
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    lines = []
    for row in whole:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[-1] = cells[-1].rstrip()
        lines.append("  ".join(map(paint, cells)).rstrip())
    return lines
