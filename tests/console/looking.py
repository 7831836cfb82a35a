"""Looking at the console from a test: what is on the screen, and waiting until it is.

Owns both. Waits on what is shown, never for a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from factory_engine.run_folder import RunFolder
from factory_tui.console.app import FactoryConsole
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.startup import Startup
from tests.console.builders import SteppingClock

PATIENCE = 200

P = Pilot[Any]


def lines(app: App[Any]) -> list[str]:
    """The rows of the screen, without spaces at their ends."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def shown(app: App[Any]) -> str:
    """The screen as text."""
    return "\n".join(lines(app))


async def until(pilot: P, condition: Callable[[], object]) -> None:
    """Wait until `condition` holds; the screen is in the message of the failure."""
    for _ in range(PATIENCE):
        with contextlib.suppress(LookupError):
            if condition():
                return
        await pilot.pause(0.02)
    raise AssertionError(f"did not come to be; the screen:\n{shown(pilot.app)}")


async def until_shown(pilot: P, *words: str) -> str:
    """Wait until all of `words` are on the screen; the screen."""
    try:
        await until(pilot, lambda: all(word in shown(pilot.app) for word in words))
    except AssertionError as error:
        missing = [word for word in words if word not in shown(pilot.app)]
        raise AssertionError(f"{missing}: {error}") from None
    return shown(pilot.app)


@contextlib.asynccontextmanager
async def console(
    folder: RunFolder | None,
    clock: SteppingClock,
    *,
    size: tuple[int, int] = (160, 45),
    runs_dir: Path | None = None,
    start: Path | None = None,
    **entry: Any,
) -> AsyncIterator[P]:
    """The console on a run; `runs_dir` makes the run one of the repository at `start`."""
    repository = OpenRepository(start or Path("/"), runs_dir)
    app = FactoryConsole(Startup(repository, folder, **entry), clock)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot
