"""Driving a run from the command line: signals, and a printer beside the engine.

Owns the event loop of a command and what the first and the second signal mean. A printer that
fails never stops a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Generic, TypeVar

from factory_engine.bus import Bus
from factory_engine.events import Event
from factory_tui.cli.printers.progress import Progress

T = TypeVar("T")
Listen = Callable[[Bus], None]


@dataclass
class Driven(Generic[T]):
    """How driving ended: with a value, or stopped by a signal whose name is `stopped_by`."""

    value: T | None = None
    stopped_by: str = ""
    problems: list[Exception] = field(default_factory=list)


def drive(call: Callable[[Listen], Awaitable[T]], progress: Progress) -> Driven[T]:
    """Run `call` to its end in an event loop of its own.

    Args:
        call: an engine call; it is given the function that the engine calls with its bus.
        progress: shows the events as they come.

    Returns:
        what `call` returned, or which signal stopped it. The first signal asks it to stop, each
        further one to do so at once.

    Raises:
        whatever `call` raises; without that, what `progress` raised, after the run's end.
    """
    with contextlib.closing(progress):
        driven = asyncio.run(_beside(call, progress))
    if driven.problems:
        raise driven.problems[0]
    return driven


def run_until_signal(
    call: Callable[[], Awaitable[T]], progress: Progress | None = None
) -> Driven[T]:
    """Run an engine call that has no bus; `progress` is ticked beside it."""
    return drive(lambda listen: call(), progress or Progress())


async def _beside(call: Callable[[Listen], Awaitable[T]], progress: Progress) -> Driven[T]:
    """`call` in this task, so that a cancellation reaches it with its message; the rest beside."""
    driven: Driven[T] = Driven()
    shown: list[Exception] = []
    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(_tick(progress, shown))

        def listen(bus: Bus) -> None:
            group.create_task(_show(bus.subscribe(), progress, shown))

        try:
            with _signals(driven):
                driven.value = await call(listen)
            driven.stopped_by = ""  # it came to its end before the signal did
        except asyncio.CancelledError:
            if not driven.stopped_by:
                raise
            _forget_cancellation()
        except Exception as error:  # outside a group it keeps its own type
            driven.problems.append(error)
        ticking.cancel()
    driven.problems += shown
    return driven


def _forget_cancellation() -> None:
    """What a signal asked for has been done; the loop may end in the ordinary way."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


async def _show(
    events: AsyncIterable[Event], progress: Progress, problems: list[Exception]
) -> None:
    async for event in events:
        _guarded(partial(progress.event, event), problems)


async def _tick(progress: Progress, problems: list[Exception]) -> None:
    while True:
        await asyncio.sleep(progress.interval_s)
        _guarded(progress.tick, problems)


def _guarded(show: Callable[[], None], problems: list[Exception]) -> None:
    """A bug in showing must not end a run that works: the run comes first, the bug afterwards."""
    if problems:
        return
    try:
        show()
    except Exception as problem:
        problems.append(problem)


@contextlib.contextmanager
def _signals(driven: Driven[T]) -> Iterator[None]:
    """Turn signals into cancellations of the current task, the message being the signal's name."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    over = False

    def cancel(name: str) -> None:
        if not over:
            task.cancel(name)

    def handle(number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        driven.stopped_by = driven.stopped_by or name
        # from the handler itself the loop would not wake up before its next timer
        loop.call_soon_threadsafe(cancel, name)

    before = {}
    for name in signal_names():
        number = getattr(signal, name)
        # nohup means it; SIGINT is ignored merely because a script's shell put us in the background
        if name == "SIGINT" or signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        over = True  # one that comes between the end and here is too late to stop anything
        for number, handler in before.items():
            signal.signal(number, handler)


def signal_names() -> tuple[str, ...]:
    """The signals that ask a command to stop, as far as this system has them."""
    return tuple(n for n in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, n))
