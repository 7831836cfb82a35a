"""The console application: the keys that mean the same everywhere, and how it is entered and left.

Owns the wiring. The order of screens is `stack`'s, what is followed `follower`'s, what is
started `run_control`'s; no rule about runs lives here.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.message import Message

from factory_engine.clock import Clock
from factory_engine.run_folder import RunFolder
from factory_tui.console import lazy_imports, messages
from factory_tui.console.look.appearance import ThemedApp, respect_no_color, wants_mouse
from factory_tui.console.run.follower import Follower
from factory_tui.console.screens.base import ConsoleScreen
from factory_tui.console.screens.command_palette import BindingCommands
from factory_tui.console.stack import READ_ONLY, Stack
from factory_tui.console.startup import Startup, exit_code, prepare_startup

if TYPE_CHECKING:
    from factory_tui.console.control.run_control import RunControl

_SETTLED_S = 0.5


class FactoryConsole(ThemedApp):
    """The console.

    Args:
        startup: what it begins with.
        clock: the source of the time on the screens.
    """

    CSS_PATH = "console.tcss"
    TITLE = "factory"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {BindingCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        # Textual's own would leave without asking
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True, id="quit"),
    ]

    def __init__(self, startup: Startup, clock: Clock) -> None:
        super().__init__()
        self.apply_theme(startup.chosen)
        self._startup = startup
        self._stack = Stack(self, startup.repository, clock)
        self._follower = Follower(self, startup.repository, clock, self._stack.show)
        self._clock = clock

    def get_default_screen(self) -> ConsoleScreen:
        """Textual would keep an empty screen below the first one."""
        return self._stack.lowest("run" if self._startup.folder else "runs")

    def on_mount(self) -> None:
        self.apply_preferences(
            self._startup.chosen, remember=not self._startup.repository.read_only
        )
        self._follower.begin()
        if self._startup.folder is not None:
            self._follower.open(self._startup.folder)
        if self._startup.root is not None:
            self.take_keymap(self._startup.root, self._startup.repository)
        self.set_timer(_SETTLED_S, self._settle)

    def _settle(self) -> None:
        """The first screen stands: load the others, then turn garbage collection on."""
        if not gc.isenabled():
            self.run_worker(_load_others, thread=True, group="doors", exit_on_error=False)

    @cached_property
    def _run_control(self) -> RunControl:
        run_control: RunControl = lazy_imports.load("run_control")(
            self, self._startup.repository, self._clock, self._begin
        )
        return run_control

    def action_open(self, name: str) -> None:
        self._stack.open(name)

    async def action_back(self) -> None:
        self._stack.back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is no way back from the lowest screen, so its key is not named."""
        return action != "back" or not self._stack.at_bottom

    def action_leave(self) -> None:
        """Below the top level `q` goes back; at the top it leaves."""
        if self._stack.at_bottom:
            self.run_worker(self._leaving(), group="ask", exclusive=True)
        else:
            self._stack.back()

    async def _leaving(self) -> None:
        if await self._run_control.leave(self._follower.view):
            self._run_control.let_go()
            self.exit(exit_code(self._follower.view))

    @on(messages.WorkerWanted)
    def _open_worker(self, wanted: messages.WorkerWanted) -> None:
        self._stack.open_worker(wanted)

    @on(messages.RunWanted)
    def _open_run(self, wanted: messages.RunWanted) -> None:
        self._follower.open(RunFolder(wanted.path))
        self._stack.to_run()

    def _begin(self, run_id: str) -> None:
        """Turn to a run that is about to begin."""
        assert self._startup.repository.runs_dir is not None
        self._follower.open(RunFolder(self._startup.repository.runs_dir / run_id))
        self._stack.to_run()

    @on(messages.CancelWanted)
    @on(messages.RetryWanted)
    @on(messages.OptionTaken)
    @on(messages.LaunchWanted)
    def _obey(self, wanted: Message) -> None:
        self._act(lambda: self._run_control.obey(wanted, self._follower.view))

    def action_control(self, name: str) -> None:
        """`cancel_run`, `apply` or `open_outside` of the run that is shown."""
        asked = getattr(self._run_control, name)
        self._act(lambda: asked(self._follower.view))

    def _act(self, deed: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Do more than look, unless this console is only for looking."""
        if self._startup.repository.read_only:
            self.notify(READ_ONLY)
        else:
            self.run_worker(deed(), group="command")

    def action_refresh_now(self) -> None:
        self._follower.flush()
        self.refresh(layout=True)

    def action_overlay(self, name: str) -> None:
        """`help` or `copy`."""
        getattr(lazy_imports.load("overlays")(self), name)()

    @on(messages.EditWanted)
    def _edit(self, wanted: messages.EditWanted) -> None:
        self._act(lambda: lazy_imports.load("overlays")(self).file(wanted.path))


def _load_others() -> None:
    """Load the other screens, then turn garbage collection on.

    What has been loaded by then stays, so nobody needs to look through it again and again: that
    would take tens of milliseconds each time, with somebody's key waiting.
    """
    try:
        lazy_imports.load_all()
    finally:
        gc.freeze()
        gc.enable()


def run_console(
    *,
    start: Path,
    run_id: str | None = None,
    folder: Path | None = None,
    config_file: Path | None = None,
    overrides: Sequence[str] = (),
    read_only: bool = False,
) -> int:
    """Open the console until it is left; the exit code of the run that was open, 3 if unfinished.

    Args:
        start: a folder of the repository.
        run_id: the run to open; None for the one that is driven now, else the list of runs.
        folder: a run's own folder, wherever it lies.
        config_file, overrides: as `--config` and `--set` take them.
        read_only: show that one run; give no command, open no other run, remember no setting.

    Raises:
        FactoryError: there is no such run, or no repository.
    """
    startup = prepare_startup(start, run_id, folder, config_file, overrides, read_only=read_only)
    respect_no_color()
    app = FactoryConsole(startup, Clock.from_environment())
    code = app.run(mouse=wants_mouse())
    return app.return_code or 0 if code is None else code
