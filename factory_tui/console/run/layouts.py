"""Where the panes of the run console go on a screen of some size.

Owns that one decision, a pure function: cards where each has room for some lines of log, a list
and one log where not, one line where not even that fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
LEDGER_WIDTH = 44
CHROME = 3
"""Rows of header and keys."""

_CARD_WIDTH, _CARD_HEIGHT = 38, 6
_LOG_HEIGHT = 10


@dataclass(frozen=True)
class Layout:
    """A layout.

    Args:
        kind: `tiny` one line; `list` rows and one log; `cards` a grid.
        columns, rows: of the grid.
        ledger: where the ledger's end is shown.
        log: whether the log of the chosen worker is shown below.
        list_rows: rows of the list.
        last_span: columns that the last card takes.
    """

    kind: Literal["tiny", "list", "cards"]
    columns: int = 1
    rows: int = 1
    ledger: Literal["none", "cell", "column"] = "none"
    log: bool = False
    list_rows: int = 0
    last_span: int = 1


def layout_for(width: int, height: int, panes: int) -> Layout:
    """The layout for a screen.

    Args:
        width, height: of the terminal, in cells.
        panes: workers and Z.
    """
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return Layout("tiny")
    body = height - CHROME
    if width >= 190 and height >= 50:
        grid = _grid(width - LEDGER_WIDTH, body, panes, 3)
        if grid:
            return _spanned(grid, panes, "column")
    if width >= 140 and (grid := _grid(width, body, panes + 1, 3)):
        return _spanned(grid, panes + 1, "cell")
    if width >= 100 and (grid := _grid(width, body - _LOG_HEIGHT, panes, 2)):
        return _spanned(grid, panes, "none", log=True)
    rows = min(panes, max(3, (body - 1) // 2))
    return Layout("list", log=True, list_rows=rows)


def _grid(width: int, height: int, cells: int, columns: int) -> tuple[int, int] | None:
    """Columns and rows, with more columns than asked for where rows would be too low."""
    while columns * _CARD_WIDTH <= width:
        rows = ceil(cells / columns)
        if rows * _CARD_HEIGHT <= height:
            return columns, rows
        columns += 1
    return None


def _spanned(
    grid: tuple[int, int],
    cells: int,
    ledger: Literal["none", "cell", "column"],
    *,
    log: bool = False,
) -> Layout:
    columns, rows = grid
    return Layout(
        "cards",
        columns=columns,
        rows=rows,
        ledger=ledger,
        log=log,
        last_span=columns * rows - cells + 1,
    )
