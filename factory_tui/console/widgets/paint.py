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
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip
from textual.widget import Widget

from factory_tui.text.glyphs import glyphs

_NAMES = (
    *("pending", "running", "stalled", "retry", "pass", "blocked", "fail", "stopped"),
    *("dim", "bold", "title", "key", "warn", "cursor", "cursor-blurred", "bar"),
    *("added", "removed", "added-mark", "removed-mark", "hunk", "file", "gutter"),
    *("match", "match-now", "selected", "owner"),
    *("comment", "keyword", "string", "number", "name", "type", "operator"),
)

Piece = tuple[str, str | Style]
"""Some text and its style, mostly by name; the empty name is the widget's own."""


_SOON_S = 0.02


class PaintedScreen(Screen[ScreenResultType]):
    """A screen that holds the styles for all its widgets.

    They are components of the screen and not of each widget, because Textual styles every component
    again whenever its widget gains or loses the focus.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{name}" for name in _NAMES}
    # Textual would draw the whole screen again; both widgets do so themselves
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    _paints: dict[str, Style] | None = None
    begun = False

    def on_mount(self) -> None:
        """Begin, unless a key that was typed ahead has taken the screen away already."""
        if not self.children or not self.display or self not in self.app.screen_stack:
            return
        if not all(dialog.children for dialog in self.query(".dialog")):
            self.set_timer(_SOON_S, self.on_mount)  # its dialog is still being filled, or leaves
        else:
            self.begun = True
            self.begin()
            self.refresh_bindings()

    def begin(self) -> None:
        """The screen has its widgets: fill them."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that come before the screen has its widgets do nothing."""
        return self.begun

    def paint(self, name: str) -> Style:
        """The style of that name, without a background unless the name has one.

        Several names with spaces between them lie over each other in that order.
        """
        if self._paints is None:
            self._paints = {"": Style.null()}
        style = self._paints.get(name)
        if style is None:
            style = Style.null()
            for part in name.split():
                style += self.get_component_rich_style(f"paint--{part}", partial=True)
            self._paints[name] = style
        return style

    def notify_style_update(self) -> None:
        self._paints = None
        super().notify_style_update()


class Painted(Widget):
    """A widget that draws cells in the named styles of its screen."""

    _base: Style | None = None
    _shown: object = None
    _mixed: dict[tuple[str, str | Style], Style] | None = None

    def refresh_if_other(self, shown: object) -> None:
        """Draw again unless `shown`, which decides what is drawn, equals that of the last time."""
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def paint(self, name: str | Style) -> Style:
        """The style of that name; see `PaintedScreen.paint`."""
        if isinstance(name, Style):
            return name
        screen = self.screen
        return screen.paint(name) if isinstance(screen, PaintedScreen) else Style.null()

    @property
    def base_style(self) -> Style:
        """The widget's own style, which is costly to ask for on every line."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def notify_style_update(self) -> None:
        self._base = self._mixed = None
        super().notify_style_update()

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
        line = Strip(Segment(text, self.mixed(over, name)) for text, name in pieces if text)
        return line.adjust_cell_length(width, self.mixed(over, ""))

    def mixed(self, over: str, name: str | Style) -> Style:
        """The widget's own style, with `over` and then `name` on it."""
        if self._mixed is None:
            self._mixed = {}
        found = self._mixed.get((over, name))
        if found is None:
            found = self.base_style + self.paint(over) + self.paint(name)
            self._mixed[over, name] = found
        return found


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells, cut or padded at its end."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    if width <= 1:
        return set_cell_size(text, max(0, width))
    return set_cell_size(text, width - 1) + glyphs().ellipsis
