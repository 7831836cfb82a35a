"""How the console looks: theme and signs, chosen, remembered.

Owns the order in which they are decided: an environment variable, what was chosen last, the
default.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen
from textual.scrollbar import ScrollBarRender

from factory_tui.console import lazy_imports
from factory_tui.console.look import preferences, theme
from factory_tui.console.look.preferences import Preferences
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.screens.command_palette import Palette
from factory_tui.text import glyphs

ASCII_VARIABLE = "FACTORY_ASCII"
NO_MOUSE_VARIABLE = "FACTORY_NO_MOUSE"
# words where Textual has a sign for a key that not every terminal shows
_KEYS = {"⏎": "enter", "↑": "up", "↓": "down", "←": "left", "→": "right", "␣": "space"}
_BLANKS = [" "] * 8
_VERTICAL, _HORIZONTAL = ScrollBarRender.VERTICAL_BARS, ScrollBarRender.HORIZONTAL_BARS


class ThemedApp(App[int]):
    """An application in the colours and glyphs of the console."""

    _remembers = False
    _applied_theme = ""

    def apply_theme(self, chosen: Preferences) -> None:
        """Use the theme that the environment asks for, else the one chosen last.

        To be called before the application runs, so that its style sheet is read only once.
        """
        for own in theme.OWN:
            self.register_theme(own)
        wanted = os.environ.get("TEXTUAL_THEME") or chosen.theme or theme.DEFAULT
        self._applied_theme = wanted if wanted in self.available_themes else theme.DEFAULT
        self.set_reactive(ThemedApp.theme, self._applied_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def refresh_css(self, animate: bool = True) -> None:
        """Read the style sheet again, for another theme; Textual asks for it on each new screen."""
        if self.theme != self._applied_theme:
            self._applied_theme = self.theme
            super().refresh_css(animate)

    def apply_preferences(self, chosen: Preferences, *, remember: bool = True) -> None:
        """Show the glyphs that are wanted, as `apply_theme` has it; remember changes of either."""
        self._remembers = remember
        self.animation_level = "none"
        asked = os.environ.get(ASCII_VARIABLE, "") not in ("", "0")
        self.use_glyphs(asked or chosen.ascii or glyphs.terminal_lacks_unicode())
        self.theme_changed_signal.subscribe(
            self, lambda changed: self._remember(theme=changed.name)
        )

    @work(thread=True)
    def take_keymap(self, root: Path, repository: OpenRepository) -> None:
        """Read the user's own keys from the configuration, beside the first screen."""
        keymap, remark = lazy_imports.load("keymap")(root, repository)
        with contextlib.suppress(RuntimeError):  # the console has been left in the meantime
            self.call_from_thread(self.set_keymap, dict(keymap))
            if remark:
                say = partial(self.notify, remark, severity="warning", timeout=30, markup=False)
                self.call_from_thread(say)

    async def on_event(self, event: events.Event) -> None:
        """Keys that were typed ahead of the end go nowhere: there is no screen any more."""
        if self.is_running or not isinstance(event, events.Key):
            await super().on_event(event)

    def use_glyphs(self, ascii_only: bool) -> None:
        """Show ASCII signs, or Unicode ones, on all screens from now on."""
        glyphs.use_ascii(ascii_only)
        self.set_class(ascii_only, "-ascii")
        ScrollBarRender.VERTICAL_BARS = _BLANKS if ascii_only else _VERTICAL
        ScrollBarRender.HORIZONTAL_BARS = _BLANKS if ascii_only else _HORIZONTAL
        for screen in self.screen_stack:
            screen.refresh(layout=True)

    def get_css_variables(self) -> dict[str, str]:
        return theme.with_roles(super().get_css_variables())

    def get_key_display(self, binding: Binding) -> str:
        display = super().get_key_display(binding)
        return _KEYS.get(display, display)

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers beside the actions of the screens."""
        words = "colours, also for colour-blind eyes"
        yield SystemCommand("Theme", words, self.action_change_theme)
        other = "Unicode" if glyphs.glyphs() is glyphs.ASCII else "ASCII"
        yield SystemCommand(f"Signs in {other}", "remembered", self._toggle_glyphs)
        shot = partial(self.set_timer, 0.1, self.deliver_screenshot)
        yield SystemCommand("Clear notifications", "seen", self.clear_notifications)
        yield SystemCommand("Screenshot", "the screen as an SVG file", shot)

    def _toggle_glyphs(self) -> None:
        ascii_only = glyphs.glyphs() is not glyphs.ASCII
        self.use_glyphs(ascii_only)
        self._remember(ascii=ascii_only)

    def _remember(self, **changes: Any) -> None:
        if self._remembers:
            preferences.save(replace(preferences.load(), **changes))


def respect_no_color() -> None:
    """An empty NO_COLOR asks for nothing (https://no-color.org); Textual takes it for a wish."""
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]


def wants_mouse() -> bool:
    """Whether the mouse is ours; without it the terminal's own selection works as ever."""
    return os.environ.get(NO_MOUSE_VARIABLE, "") in ("", "0")
