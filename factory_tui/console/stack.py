"""The stack of screens: what is opened over what, and what is come back to.

Owns that order. The lowest screen is the run that was opened, or the list of runs.
"""

from __future__ import annotations

from typing import Any

from textual.app import App

from factory_engine.clock import Clock
from factory_tui.console import lazy_imports
from factory_tui.console.messages import WorkerWanted
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.view import RunView
from factory_tui.console.screens.base import ConsoleScreen

READ_ONLY = "this console is only for looking: nothing can be done from it"


class Stack:
    """The screens of an application.

    Args:
        app: whose.
        repository: where commands work.
        clock: the source of the time on the screens.
    """

    def __init__(self, app: App[Any], repository: OpenRepository, clock: Clock) -> None:
        self._app = app
        self._repository = repository
        self._clock = clock
        self._view = RunView()

    def lowest(self, name: str) -> ConsoleScreen:
        """The screen to begin with, `run` or `runs`."""
        arguments = (self._repository.runs_dir, self._clock) if name == "runs" else ()
        screen: ConsoleScreen = lazy_imports.load(name)(*arguments)
        return screen

    def show(self, view: RunView) -> None:
        """Hand a newer view to every screen."""
        self._view = view
        for screen in self._app.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.view = view

    @property
    def at_bottom(self) -> bool:
        """Whether there is nothing to go back to."""
        return len(self._app.screen_stack) <= 1

    def back(self) -> None:
        """Out of full screen, else one screen down, never out of the console."""
        if self._app.screen.maximized is not None:
            self._app.screen.minimize()
        elif not self.at_bottom:
            self._app.pop_screen()

    def open(self, name: str) -> None:
        """Open a screen by its name, or say why not."""
        if name in ("runs", "launch") and self._repository.read_only:
            self._app.notify(READ_ONLY)
        elif name == "runs":
            self._put(name, self._repository.runs_dir, self._clock)
        elif name == "launch" and self._repository.runs_dir is not None:
            self._put(name, self._repository, self._clock)
        elif name in ("ledger", "triage") and self._view.path is not None:
            self._put(name)
        else:
            message = "there is no repository here" if name == "launch" else "open a run first"
            self._app.notify(message)

    def open_worker(self, wanted: WorkerWanted) -> None:
        """Show one worker over whatever there is."""
        self._push(lazy_imports.load("worker")(wanted))

    def to_run(self) -> None:
        """The run console, with what lay over it gone."""
        while self._kind(self._app.screen) not in ("run", "runs") and not self.at_bottom:
            self._app.pop_screen()
        self._put("run")

    def _put(self, name: str, *arguments: object) -> None:
        """Put a screen on top; one of its kind that lies below is come back to instead."""
        if name in map(self._kind, self._app.screen_stack):
            while self._kind(self._app.screen) != name:
                self._app.pop_screen()
        else:
            self._push(lazy_imports.load(name)(*arguments))

    def _push(self, screen: ConsoleScreen) -> None:
        screen.view = self._view
        self._app.push_screen(screen)

    def _kind(self, screen: object) -> str:
        return screen.KIND if isinstance(screen, ConsoleScreen) else ""
