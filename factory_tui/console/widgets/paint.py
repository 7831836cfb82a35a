"""Styles by name, taken from the style sheet.

Owns the list of names. A widget that draws its own cells asks for `pass` or `added` and gets
what theme and `NO_COLOR` make of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from factory_tui.console.symbols import symbols

_NAMES = (
    *("pending", "running", "stalled", "retry", "pass", "blocked", "fail", "stopped"),
    *("dim", "bold", "title", "key", "warn", "cursor", "cursor-blurred", "bar"),
    *("added", "removed", "added-mark", "removed-mark", "hunk", "file", "gutter"),
    *("match", "match-now", "selected", "owner"),
    *("comment", "keyword", "string", "number", "name", "type", "operator"),
)

Piece = tuple[str, str | Style]
"""Some text and its style, mostly by name; the empty name is the widget's own."""


class Painted(Widget):
    """A widget that draws cells in named styles."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{name}" for name in _NAMES}

    def paint(self, name: str | Style) -> Style:
        """The style of that name, without a background unless the name has one.

        Several names with spaces between them lie over each other in that order.
        """
        if isinstance(name, Style):
            return name
        style = Style.null()
        for part in name.split():
            style += self.get_component_rich_style(f"paint--{part}", partial=True)
        return style

    def segments(self, pieces: Iterable[Piece]) -> list[Segment]:
        """Segments of `pieces`, the empty ones left out."""
        return [Segment(text, self.paint(name)) for text, name in pieces if text]

    def strip(self, pieces: Iterable[Piece], width: int, over: str = "") -> Strip:
        """A whole line of `width` cells on the widget's own background.

        Args:
            pieces: the line.
            width: cells.
            over: a style that lies over the whole line, as of a cursor.
        """
        base = self.rich_style + self.paint(over) if over else self.rich_style
        line = Strip(Segment(text, base + self.paint(name)) for text, name in pieces if text)
        return line.adjust_cell_length(width, base)


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, cut or padded at its end."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    if width <= 1:
        return set_cell_size(text, max(0, width))
    return set_cell_size(text, width - 1) + symbols().ellipsis
