"""The command palette: every action that has a key now, and those that have none.

Owns the list. Names and keys come from the live bindings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from factory_tui.console.widgets.key_bar import KeyBar

_UNNAMED = ("up", "down", "left", "right", "page_up", "page_down", "top", "bottom", "palette")


class Palette(CommandPalette):
    """Textual's palette, which in 8.2.8 fails on a page key before its options are laid out."""

    def _action_command_list(self, action: str) -> None:
        with contextlib.suppress(KeyError):
            super()._action_command_list(action)


class BindingCommands(Provider):
    """The actions of the screen below."""

    def _all(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Words, help, and what to call: the actions with a key that makes sense, then the rest."""
        for words, shown, key in self._actions():
            yield words, f"key {shown}", partial(self.app.simulate_key, key)
        for command in self.app.get_system_commands(self.screen):
            yield command.title, command.help, command.callback

    def _actions(self) -> Iterator[tuple[str, str, str]]:
        """Words, key, and the key to press, of each action that makes sense now."""
        commands: dict[str, tuple[str, str, str]] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            name = binding.id or ""  # those without one are Textual's own: the focus, the selection
            if not name or not enabled or name in _UNNAMED or name.startswith("pane_"):
                continue
            entry = binding.description, self.app.get_key_display(binding), binding.key
            commands.setdefault(name, entry)
        first = [name for bar in self.screen.query(KeyBar) for name in bar.names]
        for name in dict.fromkeys((*first, *commands)):
            if name in commands and commands[name][0]:
                yield commands[name]

    async def discover(self) -> Hits:
        for words, more, call in self._all():
            yield DiscoveryHit(words, call, help=more)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, more, call in self._all():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), call, help=more)
