"""One line of tabs, and one line that says what the view below shows.

Owns both lines. Which tabs there are and what is said is the screen's.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from factory_tui.console.widgets.paint import Painted, Piece


class TabLine(Painted):
    """Tabs; the current one stands in brackets."""

    ALLOW_SELECT = False

    class Turned(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__()
        self._tabs: Sequence[tuple[str, str]] = ()
        self._current = ""
        self._places: list[tuple[int, int, str]] = []

    def show(self, tabs: Sequence[tuple[str, str]], current: str) -> None:
        """Show tabs, each a name and a title."""
        self._tabs, self._current = tabs, current
        self.refresh()

    def render_line(self, y: int) -> Strip:
        pieces: list[Piece] = [(" ", "")]
        self._places, at = [], 1
        for name, text in self._fitting():
            now = name == self._current
            pieces += [(text, "selected" if now else ""), (" ", "")]
            self._places.append((at, at + len(text), name))
            at += len(text) + 1
        if self.size.width > at + 18:
            pieces.append(("  [ ] to switch", "dim"))
        return self.strip(pieces, self.size.width)

    def _fitting(self) -> list[tuple[str, str]]:
        """Names and texts; without the first ones where the current one would be cut."""
        pad = " " if self.size.width >= 100 else ""
        shown = [
            (name, f"[{title}]" if name == self._current else f"{pad}{title}{pad}")
            for name, title in self._tabs
        ]
        names = [name for name, _ in shown]
        at = names.index(self._current) if self._current in names else 0
        first = 0
        while first < at and _reach(shown[first : at + 1]) >= self.size.width:
            first += 1
        return shown[first:]

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._places:
            if start <= event.x < end:
                self.post_message(self.Turned(name))


def _reach(tabs: Sequence[tuple[str, str]]) -> int:
    """Cells that tabs take."""
    return sum(len(text) + 1 for _, text in tabs)


class InfoLine(Painted):
    """One line about what is below it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: Sequence[Piece] = ()

    def say(self, pieces: Sequence[Piece]) -> None:
        """Say something else."""
        if pieces != self._pieces:
            self._pieces = pieces
            self.refresh()

    def render_line(self, y: int) -> Strip:
        return self.strip([(" ", ""), *self._pieces], self.size.width, "bar")
