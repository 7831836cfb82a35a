"""A scrolling view of lines that draws only those on the screen.

Owns scrolling, keys, text selection and highlighted spans for every list and text of the
console. A subclass says how many lines there are and what each holds. (Textual's own Log,
DataTable and OptionList cost seconds and megabytes at the sizes that are shown here.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from factory_tui.console.widgets.paint import Painted, Piece

Span = tuple[int, int, str]
"""Characters from, to (-1 for the end), and the name of the style that lies over them."""


class LineView(Painted, ScrollView, can_focus=True, inherit_bindings=False):
    """Lines that can be scrolled, searched and selected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "line(-1)", "Up", show=False, id="up"),
        Binding("down,j", "line(1)", "Down", show=False, id="down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page_up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="page_down"),
        Binding("home,g", "edge(-1)", "Top", show=False, id="top"),
        Binding("end,G", "edge(1)", "Bottom", show=False, id="bottom"),
        Binding("left,h", "side(-8)", "Left", show=False, id="left"),
        Binding("right,l", "side(8)", "Right", show=False, id="right"),
    ]
    ALLOW_MAXIMIZE = True

    # --- for subclasses -------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return 0

    @property
    def line_width(self) -> int:
        """Cells of the widest line that is known; 0 where lines fit themselves to the view."""
        return 0

    def line(self, number: int, width: int) -> Sequence[Piece]:
        """What a line shows. `width` is that of the view."""
        return ()

    def line_text(self, number: int) -> str:
        """The characters of a line, for copying."""
        return "".join(text for text, _ in self.line(number, self.size.width))

    def spans(self, number: int) -> Iterable[Span]:
        """Highlights that lie over a line."""
        return ()

    def over(self, number: int) -> str:
        """The name of a style for the whole line; empty for none."""
        return ""

    # --- drawing --------------------------------------------------------------------------------

    def lines_changed(self) -> None:
        """Draw again, after lines came, went or changed."""
        size = Size(self.line_width, self.line_count)
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh()

    def refresh_found(self) -> None:
        """Draw again, with the matches of a search."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The strip of one row of the view."""
        width = self.size.width
        left, top = self.scroll_offset
        number = top + y
        if number >= self.line_count:
            return Strip.blank(width, self.base_style)
        over = self.over(number)
        base = self.mixed(over, "")
        segments = [
            Segment(text, self.mixed(over, name)) for text, name in self.line(number, width) if text
        ]
        for start, end, name in (*self.spans(number), *self._selected(number)):
            segments = overlaid(segments, start, end, self._span_style(name))
        strip = Strip(segments).crop_extend(left, left + width, base)
        return strip.apply_offsets(left, number)

    def _span_style(self, name: str) -> Style:
        if name == "selection":
            return self.screen.get_component_rich_style("screen--selection")
        return self.paint(name)

    def _selected(self, number: int) -> Iterable[Span]:
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        return () if span is None else ((*span, "selection"),)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text."""
        first = selection.start.y if selection.start else 0
        last = min(selection.end.y if selection.end else self.line_count - 1, self.line_count - 1)
        lines = []
        for number in range(first, last + 1):
            start, end = selection.get_span(number) or (0, -1)
            text = self.line_text(number)
            lines.append(text[start:] if end == -1 else text[start:end])
        return "\n".join(lines), "\n"

    # --- moving ---------------------------------------------------------------------------------

    def action_line(self, step: int) -> None:
        self.go_to(self.scroll_offset.y + step)

    def action_page(self, step: int) -> None:
        self.go_to(self.scroll_offset.y + step * max(1, self.size.height - 1))

    def action_edge(self, side: int) -> None:
        self.go_to(0 if side < 0 else self.line_count)

    def action_side(self, cells: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + cells, animate=False)

    def go_to(self, number: int) -> None:
        """Make a line the first of the view, as far as there are lines to fill it."""
        self.scroll_to(y=number, animate=False, force=True)

    def first_shown(self) -> int:
        """The first line of the view."""
        return self.scroll_offset.y

    def show_line(self, number: int) -> None:
        """Scroll no further than needed to see a line, with a little of what is around it."""
        top, height = self.scroll_offset.y, max(1, self.size.height)
        margin = min(3, height // 4)
        if number < top + margin:
            self.go_to(number - margin)
        elif number >= top + height - margin:
            self.go_to(number - height + margin + 1)


def overlaid(segments: Iterable[Segment], start: int, end: int, style: Style) -> list[Segment]:
    """`segments` with `style` over the characters from `start` to `end` (-1: the end)."""
    result: list[Segment] = []
    position = 0
    for text, own, control in segments:
        length = len(text)
        low = max(0, start - position)
        high = length if end == -1 else min(length, end - position)
        if low >= high:
            result.append(Segment(text, own, control))
        else:
            pieces = ((text[:low], own), (text[low:high], (own or Style.null()) + style))
            result += [Segment(t, s) for t, s in (*pieces, (text[high:], own)) if t]
        position += length
    return result
