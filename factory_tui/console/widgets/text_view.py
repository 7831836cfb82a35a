"""A text of a bundle: Markdown or plain, as lines.

Owns wrapping and the limit above which Markdown is shown as it was written. Links lead nowhere:
what a worker wrote is read, never followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.markdown import Markdown
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType

from factory_tui.console.widgets.line_view import LineView, Span
from factory_tui.console.widgets.paint import Piece
from factory_tui.console.widgets.searching import MOST, Found, Searchable, matches
from factory_tui.text.foreign import cells

MARKDOWN_BYTES = 60_000
_PATCH_SIGNS = {"+": "added", "-": "removed"}


class TextView(LineView, Searchable):
    """Some text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "wrap", "Wrap", id="wrap"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = ""
        self._markdown = False
        self.wrap = True
        self.is_patch = False
        self._lines: list[list[Piece]] = []
        self._widest = 0

    def show_text(self, text: str, *, markdown: bool = False, wrap: bool = True) -> None:
        """Show another text; the same one is left as it is scrolled.

        Args:
            text: foreign or our own.
            markdown: render it.
            wrap: break lines that are longer than the view.
        """
        if (text, markdown) != (self.text, self._markdown):
            self.text, self._markdown, self.wrap = text, markdown, wrap
            self.forget_search()
            self._lay_out()
            self.go_to(0)

    def _lay_out(self) -> None:
        width = max(20, self.size.width - 1)
        plain = [cells(line) for line in self.text.split("\n")]
        if self._markdown and len(self.text) <= MARKDOWN_BYTES:
            self._lines = self._rendered("\n".join(plain), width)
        else:
            self._lines = [[(part, "")] for line in plain for part in self._parts(line, width)]
        lengths = (sum(cell_len(text) for text, _ in line) for line in self._lines)
        self._widest = 0 if self.wrap else max(lengths, default=0)
        self.lines_changed()

    def _rendered(self, text: str, width: int) -> list[list[Piece]]:
        options = self.app.console_options.update(width=width, height=None)
        markdown = Markdown(text, hyperlinks=False, code_theme="ansi_dark")
        lines = self.app.console.render_lines(markdown, options, pad=False)
        return [_pieces(line) for line in lines]

    def _parts(self, line: str, width: int) -> list[str]:
        if not self.wrap or cell_len(line) <= width:
            return [line]
        return chop_cells(line, width)

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def action_wrap(self) -> None:
        self.wrap = not self.wrap
        self._lay_out()

    @property
    def line_count(self) -> int:
        return len(self._lines)

    @property
    def line_width(self) -> int:
        return self._widest

    def line(self, number: int, width: int) -> Sequence[Piece]:
        return self._lines[number]

    def over(self, number: int) -> str:
        if not self.is_patch or not self._lines[number]:
            return ""
        return _PATCH_SIGNS.get(str(self._lines[number][0][0])[:1], "")

    def spans(self, number: int) -> Iterable[Span]:
        return self.found_spans(number)

    def find_all(self, needle: str) -> list[Found]:
        found = (
            Found(number, start, end)
            for number in range(len(self._lines))
            for start, end in matches(needle, self.line_text(number))
        )
        return [match for match, _ in zip(found, range(MOST), strict=False)]


def _pieces(line: list[Segment]) -> list[Piece]:
    return [(text, style or "") for text, style, control in line if not control]
