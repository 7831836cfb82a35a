"""A oneshot from Python: start it, iterate its events, read its outcome.

Owns nothing that the command line does not have too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from factory_engine.bus import Subscription
from factory_engine.errors import FactoryError
from factory_engine.events import Event
from factory_engine.fold import fold
from factory_engine.runs.birth import Request
from factory_engine.runs.drive import oneshot as drive_oneshot
from factory_engine.runs.project import open_project
from factory_engine.state import RunState


class Run:
    """A run that is under way: iterate it for its events, in order, until it has ended.

    `state` is what the events so far come to; `problem` an error of the factory that ended it.
    """

    def __init__(self) -> None:
        self.events = Subscription()
        self.state = RunState()
        self.problem: FactoryError | None = None

    async def __aiter__(self) -> AsyncIterator[Event]:
        async for event in self.events:
            self.state = fold(self.state, event)
            yield event


@contextlib.asynccontextmanager
async def oneshot(
    start: Path | str = ".",
    *,
    base_ref: str | None = None,
    dry_run: bool = False,
    run_id: str | None = None,
    overrides: Sequence[str] = (),
) -> AsyncIterator[Run]:
    """Run the five stages on the repository around `start`; leaving the block early stops it.

    Args:
        start: a folder of the repository.
        base_ref: the commit to start from; None for the configured one.
        dry_run: start no worker and run no check.
        run_id: a pinned id; an unfinished run of that id goes on.
        overrides: `key.path=value`, as `--set` takes them.

    Raises:
        FactoryError: a repository, a setting or a run id that cannot be used.
    """
    project = await open_project(start, overrides=overrides)
    request = Request(base_ref=base_ref, dry_run=dry_run, run_id=run_id)
    run = Run()

    async def drive() -> None:
        try:
            await drive_oneshot(project, request, lambda bus: bus.attach(run.events))
        except FactoryError as error:
            run.problem = error
        finally:
            run.events.put(None)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(drive())
        try:
            yield run
        finally:
            task.cancel()
    if run.problem is not None:
        raise run.problem
