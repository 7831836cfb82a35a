"""The last line: the keys that mean something now.

Owns which of them are named where there is no room for all, and a click on a name does what its
key does. Read from the live bindings, so a keymap of the user's own shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.screen import Screen
from textual.strip import Strip

from factory_tui.console.widgets.paint import Painted, Piece

_LAST = ("back", "help", "quit")


class Key(NamedTuple):
    """A key on the bar."""

    display: str
    description: str
    key: str
    enabled: bool

    @property
    def width(self) -> int:
        """Cells that it takes, the gap behind it included."""
        return len(self.display) + len(self.description) + 3


class KeyBar(Painted):
    """One line of keys.

    Args:
        names: ids of bindings, the most important first; those that do not apply are left out.
    """

    ALLOW_SELECT = False

    def __init__(self, *names: str) -> None:
        super().__init__()
        self._names = names
        self._places: list[tuple[int, int, str]] = []
        self.dimmed: set[str] = set()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def dim(self, names: set[str]) -> None:
        """Show the keys of these ids as not to be used now."""
        if names != self.dimmed:
            self.dimmed = names
            self.refresh()

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the keys that it names, where there is room."""
        return self._names

    def turn_to(self, *names: str) -> None:
        """Name other keys."""
        if names != self._names:
            self._names = names
            self.refresh()

    def render_line(self, y: int) -> Strip:
        known = self._known()
        last = [known[name] for name in _LAST if name in known]
        room = self.size.width - 1 - sum(key.width for key in last)
        named = self._fitting([known[name] for name in self._names if name in known], room)
        pieces: list[Piece] = [(" ", "")]
        self._places, at = [], 1
        for key in (*named, *last):
            at = self._add(pieces, key, at)
        return self.strip(pieces, self.size.width, "bar")

    @staticmethod
    def _fitting(keys: Sequence[Key], room: int) -> list[Key]:
        """Those that there is room for, in their order: what can be used before what cannot."""
        found: set[Key] = set()
        for key in sorted(keys, key=lambda key: not key.enabled):
            if key.width <= room:
                room -= key.width
                found.add(key)
        return [key for key in keys if key in found]

    def _add(self, pieces: list[Piece], key: Key, at: int) -> int:
        pieces += [
            (key.display, "key" if key.enabled else "dim"),
            (f" {key.description}  ", "" if key.enabled else "dim"),
        ]
        self._places.append((at, at + key.width - 2, key.key))
        return at + key.width

    def _known(self) -> dict[str, Key]:
        """The keys that do something now, by the id of their binding."""
        found: dict[str, Key] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.id and binding.id not in found:
                display = self.app.get_key_display(binding)
                lit = enabled and binding.id not in self.dimmed
                found[binding.id] = Key(display, binding.description, binding.key, lit)
        return found

    def on_click(self, event: events.Click) -> None:
        for start, end, key in self._places:
            if start <= event.x < end:
                self.app.simulate_key(key)
