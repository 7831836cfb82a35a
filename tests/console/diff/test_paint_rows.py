"""Rows of a patch as they are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from factory_engine.patch.reader import read_patch
from factory_tui.console.diff.paint_rows import Coloring, RowPainter
from factory_tui.console.diff.rows import Rows
from factory_tui.console.widgets.paint import Piece

PATCH = b"""diff --git a/a.py b/a.py
index 1111111..2222222 100644
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
 import os
-value = 1
+value = 2
"""
ROW = 2


def _styles(pieces: Sequence[Piece]) -> str:
    return " ".join(str(name) for _, name in pieces)


def test_lines_are_coloured_when_they_are_drawn() -> None:
    painter = RowPainter(Rows(read_patch(PATCH), split=False))
    assert "keyword" in _styles(painter.pieces(ROW, 80, 0))


def test_colours_may_come_later_and_are_asked_for_once() -> None:
    wanted: list[Coloring] = []
    painter = RowPainter(Rows(read_patch(PATCH), split=False), later=wanted.append)
    plain = painter.pieces(ROW, 80, 0)
    painter.pieces(ROW, 80, 0)
    assert "keyword" not in _styles(plain)
    assert len(wanted) == 1
    painter.take(wanted[0].key, wanted[0].color())
    coloured = painter.pieces(ROW, 80, 0)
    assert "keyword" in _styles(coloured)
    assert "".join(text for text, _ in plain) == "".join(text for text, _ in coloured)
    painter.forget(wanted[0].key)
    painter.pieces(ROW, 80, 0)
    assert len(wanted) == 2
