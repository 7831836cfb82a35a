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


def show_help(app: App[Any]) -> None:
    """The keys that work on the screen that is on top."""
    screen = app.screen
    title = screen.HELP_TITLE if isinstance(screen, ConsoleScreen) else ""
    first = [name for bar in screen.query(KeyBar) for name in bar.names]
    bindings = list(screen.active_bindings.values())
    app.push_screen(HelpScreen(help_text(app, title, bindings, first)))


def show_copy_menu(app: App[Any]) -> None:
    """What can be copied from the screen that is on top."""
    screen = app.screen
    offered = [c for c in screen.copyables() if c.text] if isinstance(screen, ConsoleScreen) else []
    if offered:
        app.push_screen(
            CopyMenu(offered),
            lambda done: app.notify(done, timeout=10, markup=False) if done else None,
        )
    else:
        app.notify("there is nothing to copy here")


def show_file(app: App[Any], path: Path) -> None:
    """A file in the user's editor, in place of the console until it is left."""
    try:
        with app.suspend():
            problem = show_in_editor(path, os.environ)
    except SuspendNotSupported:
        problem = f"no editor can be shown here; the file is {path}"
    if problem:
        app.notify(problem, severity="warning", markup=False)
