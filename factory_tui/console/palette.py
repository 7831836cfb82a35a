"""The command palette: every action that has a key now, and those that have none.

Owns the list. Names and keys come from the live bindings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

_UNNAMED = ("up", "down", "left", "right", "page_up", "page_down", "top", "bottom", "palette")


class Palette(CommandPalette):
    """Textual's palette, which in 8.2.8 fails on a page key before its options are laid out."""

    def _action_command_list(self, action: str) -> None:
        with contextlib.suppress(KeyError):
            super()._action_command_list(action)


class Actions(Provider):
    """The actions of the screen below."""

    def _actions(self) -> Iterator[tuple[str, str, str]]:
        """Words, key, and the key to press, of each action that makes sense now."""
        seen: set[str] = set()
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            name = binding.id or binding.action
            if not binding.description or name in seen or name in _UNNAMED or not enabled:
                continue
            if name.startswith("pane_"):
                continue
            seen.add(name)
            yield binding.description, self.app.get_key_display(binding), binding.key

    async def discover(self) -> Hits:
        for words, shown, key in self._actions():
            yield DiscoveryHit(words, partial(self.app.simulate_key, key), help=f"key {shown}")

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, shown, key in self._actions():
            score = matcher.match(words)
            if score > 0:
                run = partial(self.app.simulate_key, key)
                yield Hit(score, matcher.highlight(words), run, help=f"key {shown}")
