"""What lies over any screen for a moment: help, the copy menu, a file in an editor.

Owns how each is filled from the screen below it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from factory_tui.console.editor import show_in_editor
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.screens.copy_menu import CopyMenu
from factory_tui.console.screens.help import HelpScreen, help_text
from factory_tui.console.widgets.key_bar import KeyBar


class Overlays:
    """What can lie over the screens of an application.

    Args:
        app: whose.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app

    def help(self) -> None:
        """The keys that work on the screen that is on top."""
        screen = self._app.screen
        title = screen.HELP_TITLE if isinstance(screen, ConsoleScreen) else ""
        first = [name for bar in screen.query(KeyBar) for name in bar.names]
        bindings = list(screen.active_bindings.values())
        self._app.push_screen(HelpScreen(help_text(self._app, title, bindings, first)))

    def copy(self) -> None:
        """What can be copied from the screen that is on top."""
        screen = self._app.screen
        found = screen.copyables() if isinstance(screen, ConsoleScreen) else ()
        offered = [copyable for copyable in found if copyable.text]
        if offered:
            self._app.push_screen(CopyMenu(offered), self._say)
        else:
            self._app.notify("there is nothing to copy here")

    async def file(self, path: Path) -> None:
        """A file in the user's editor, in place of the console until it is left."""
        try:
            with self._app.suspend():
                problem = show_in_editor(path, os.environ)
        except SuspendNotSupported:
            problem = f"no editor can be shown here; the file is {path}"
        if problem:
            self._app.notify(problem, severity="warning", markup=False)

    def _say(self, done: str | None) -> None:
        if done:
            self._app.notify(done, timeout=10, markup=False)
