"""Runs a program to its end, whatever that takes.

Owns the deadline, the reaction to a cancel, and the promise that nothing of the program lives on.
Never judges what the program did.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from factory_engine import storage
from factory_engine.clock import Clock
from factory_engine.processes.child import Child, Listener, Talker
from factory_engine.processes.log_file import CappedLog
from factory_engine.processes.program import (
    Finished,
    Limits,
    Program,
    Reason,
    end_in_words,
    not_started,
)
from factory_engine.processes.record import SUFFIX
from factory_engine.processes.resource_monitor import ResourceMonitor
from factory_engine.processes.subreaper import adopt_orphans
from factory_engine.processes.threads import in_thread
from factory_engine.processes.tree import KILL, TERM, Ended, ProcessTree

__all__ = ["Finished", "Limits", "Program", "Reason", "run_program"]

OnStart = Callable[[int, Callable[[], None]], None]

_LOOK_EVERY_S = 0.5
_MONITOR_EVERY_S = 0.25


@dataclass
class _StopRequests:
    """What the caller has asked for so far."""

    stop: asyncio.Event
    cancels: int = 0
    exceeded: str = ""  # of a limit: the program is to be stopped for it

    def cancel(self) -> None:
        self.cancels += 1
        self.stop.set()

    def hurry(self) -> bool:
        return self.cancels > 1


async def run_program(
    program: Program,
    on_output: Listener | None = None,
    *,
    clock: Clock,
    talker: Talker | None = None,
    on_stderr: Listener | None = None,
    over: Callable[[], bool] = lambda: False,
    stop: asyncio.Event | None = None,
    on_start: OnStart | None = None,
) -> Finished:
    """Starts a program, takes its output, and ends all of its processes when it is over.

    A cancel ends the whole tree before it goes on to the caller; a second one does not wait for the
    grace period. `stop` does the same as the first and brings the `Finished` back.

    Args:
        program: what to run and within which limits.
        on_output: gets the output in chunks while the program runs.
        clock: measures the duration.
        talker: writes the program's standard input while it runs (instead of `program.stdin`): is
            asked at the start and after each chunk of output; None closes the input.
        on_stderr: gets standard error in chunks, if the program keeps it separate.
        over: asked after each chunk; once it is true the program has `linger_s` seconds to exit,
            and is stopped then as at its deadline.
        stop: set it to stop the program.
        on_start: gets the pid of the first process, and what asks `talker` once more.

    Raises:
        StorageError: the log cannot be created; nothing was started.
        Exception: whatever `on_output` or `talker` raised, after the program was ended normally.
    """
    adopt_orphans()  # before the first of them can exist
    log = CappedLog(program.log, program.head_bytes, program.tail_bytes)
    child = Child(log, on_output, talker, on_stderr, over)
    requests = _StopRequests(stop or asyncio.Event())
    cancelled: asyncio.CancelledError | None = None
    async with asyncio.TaskGroup() as group:
        # The task itself is never cancelled: ending a tree half would be worse than waiting.
        task = group.create_task(_supervise(program, child, log, clock, requests, on_start))
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as again:
                cancelled = again
                requests.cancel()
    if cancelled:
        raise cancelled
    if child.bug:
        raise child.bug
    return task.result()


async def _supervise(
    program: Program,
    child: Child,
    log: CappedLog,
    clock: Clock,
    requests: _StopRequests,
    on_start: OnStart | None,
) -> Finished:
    if requests.stop.is_set():
        return Finished("cancelled", -TERM, "stopped before it began", log=log.close())
    started = clock.stopwatch_ms()
    try:
        pid = await child.start(program)
    except (OSError, ValueError) as problem:
        return not_started(program, problem, log.close())
    if on_start:
        on_start(pid, child.talk)
    record = program.log.with_name(program.log.name + SUFFIX)
    tree = ProcessTree(program.marker, program.workspace, pid, program.mounts, record=record)
    with tree:
        monitor = ResourceMonitor(program.limits, tree)
        try:
            reason = await _until_over(program, child, tree, monitor, requests)
        finally:
            if requests.exceeded:  # it would take more of what it has too much of
                program = replace(program, grace_s=0)
            ended = await _end(program, tree, lambda: requests.hurry() or monitor.is_fork_bomb())
            await child.close()
            with contextlib.suppress(OSError):
                storage.disk.unlink(record)
    rc = -KILL if child.rc is None else child.rc
    detail = end_in_words(program, reason, rc, needed_kill=ended.needed_kill)
    return Finished(
        reason=reason,
        rc=rc,
        detail=f"{requests.exceeded}: stopped" if reason == "limit" else detail,
        duration_ms=clock.stopwatch_ms() - started,
        left_behind=ended.left_behind,
        needed_kill=ended.needed_kill,
        survivors=ended.survivors,
        log=log.close(),
    )


async def _end(program: Program, tree: ProcessTree, hurry: Callable[[], bool]) -> Ended:
    try:
        return await tree.end(program.grace_s, program.stop_signals, hurry)
    except asyncio.CancelledError:  # the event loop itself is being shut down
        await tree.end(0)
        raise


async def _until_over(
    program: Program,
    child: Child,
    tree: ProcessTree,
    monitor: ResourceMonitor,
    requests: _StopRequests,
) -> Reason:
    """Waits for the end of the main program, its deadline, a limit or a request to stop it."""
    time = asyncio.get_running_loop().time
    remembered = time()
    deadline = time() + program.timeout_s if program.timeout_s is not None else float("inf")
    async with asyncio.TaskGroup() as group:
        events = (child.exited, requests.stop, child.over)
        news = {group.create_task(event.wait()) for event in events}
        while time() < deadline and not child.exited.is_set() and not requests.stop.is_set():
            pause = min(_MONITOR_EVERY_S, deadline - time())
            done, _ = await asyncio.wait(news, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            news -= done
            if done:
                if child.over.is_set():
                    deadline = min(deadline, time() + program.linger_s)
                continue
            requests.exceeded = await in_thread(monitor.exceeded)
            if requests.exceeded:
                break
            if time() - remembered >= _LOOK_EVERY_S:
                await in_thread(tree.remember)
                remembered = time()
        for task in news:
            task.cancel()
    if requests.exceeded:
        return "limit"
    if child.exited.is_set():
        return "exited"
    return "cancelled" if requests.stop.is_set() else "timeout"
