"""Work in processes of its own that are made to die, or to meet a faulty disk.

Owns the fork server: an interpreter that has imported the engine once and forks for each piece of
work, so that a kill point costs a fork and no import. Judges nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from factory_engine.bus import Bus, Subscription
from factory_engine.errors import FactoryError
from factory_engine.events import Event
from factory_engine.runs import control, drive
from factory_engine.runs.birth import Request
from factory_engine.runs.project import open_project
from tests.support.faulty_disk import broken, dying, faulty, full, refusing

REFUSED = 3
Tell = Callable[[str], None]
Work = Callable[[Tell], None]
"""Something that can be pickled; it tells of each event that it holds for acknowledged."""

_FAULTS: Mapping[str, Callable[[], None]] = {
    "kill": dying,
    "ENOSPC": full,
    "EIO": broken,
    "EDQUOT": refusing(errno.EDQUOT),
}
_PATIENCE_S = 90
_FORKS: Any = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    _FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Fault:
    """What befalls a piece of work.

    Args:
        name: `kill`, `ENOSPC`, `EIO` or `EDQUOT`.
        at: at which call to the disk; 0 for none.
        lasting: the disk refuses from there on.
    """

    name: str = "kill"
    at: int = 0
    lasting: bool = False


NONE = Fault()


@dataclass(frozen=True)
class End:
    """How it ended.

    Args:
        rc: 0, `REFUSED` for an expected error, `KILLED`, or 1 for a crash.
        acknowledged: what it told.
        calls: how often it called the disk; 0 where it was killed.
        said: its error message.
    """

    rc: int | None
    acknowledged: tuple[str, ...]
    calls: int
    said: str


@dataclass(frozen=True)
class Command:
    """A command of the factory.

    Args:
        root: the repository.
        overrides: the configuration, as on the command line.
        name: `oneshot`, `launch`, `bundle-validate`, `integrate` or `prune`.
        run_id: of which run.
        dry_run: of a new run.
    """

    root: Path
    overrides: tuple[str, ...]
    name: str
    run_id: str
    dry_run: bool = False

    def __call__(self, tell: Tell) -> None:
        asyncio.run(self._run(tell))

    async def _run(self, tell: Tell) -> None:
        project = await open_project(self.root, overrides=self.overrides)
        request = Request(run_id=self.run_id, dry_run=self.dry_run)

        def listen(bus: Bus) -> None:
            bus.attach(_Witness(tell))

        if self.name == "oneshot":
            await drive.oneshot(project, request, listen)
        elif self.name == "launch":
            await drive.launch(project, request, listen)
        elif self.name == "prune":
            control.prune(project, runs=True)
        else:
            await drive.judge(project, self.run_id, self.name, listen=listen)


class _Witness(Subscription):
    """Tells of each event at once."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def put(self, event: Event | None) -> None:
        if event is not None:
            self._tell(event.event_id)


def perform(
    work: Work, fault: Fault = NONE, *, environment: Mapping[str, str] | None = None
) -> End:
    """Do `work` in a forked process until that ends, however it does.

    Args:
        work: what is done.
        fault: what befalls it.
        environment: the whole environment of the process; None for that of this one.
    """
    hears, tells = _FORKS.Pipe(duplex=False)
    variables = dict(os.environ if environment is None else environment)
    process = _FORKS.Process(target=_do, args=(work, fault, variables, tells))
    process.start()
    tells.close()
    acknowledged: list[str] = []
    calls, said = 0, ""
    try:
        with contextlib.suppress(EOFError):
            while hears.poll(_PATIENCE_S):
                message = hears.recv()
                if isinstance(message, str):
                    acknowledged.append(message)
                else:
                    calls, said = message
            raise TimeoutError(f"{work} does not end")
        process.join(_PATIENCE_S)
        return End(process.exitcode, tuple(acknowledged), calls, said)
    finally:
        process.kill()
        process.join()
        hears.close()


def _do(work: Work, fault: Fault, environment: Mapping[str, str], tells: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    rc, said, calls = 0, "", 0
    try:
        with faulty(_FAULTS[fault.name], fault.at, lasting=fault.lasting) as disk:
            try:
                work(tells.send)
            finally:
                calls = disk.calls
    except FactoryError as error:
        rc, said = REFUSED, str(error)
    tells.send((calls, said))
    tells.close()
    sys.exit(rc)
