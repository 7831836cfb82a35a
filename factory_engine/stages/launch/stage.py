"""The second stage: workers in parallel, each in its own checkout, a bundle from each.

Owns who is started and how many at once. What one worker does is in `worker.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from factory_engine.stages.baseline import RedBaseline, check_base, require_green_base
from factory_engine.stages.context import RunContext, StageOutcome
from factory_engine.stages.launch.worker import run_worker
from factory_engine.stages.repository_watch import watched_repository
from factory_engine.status import Status


async def run_launch(context: RunContext, workers: Sequence[str] | None = None) -> StageOutcome:
    """Run workers and collect their bundles.

    Args:
        context: the run.
        workers: who is started whether finished or not; None for all that have not finished yet.

    Meanwhile the required checks are tried on base.

    Returns:
        PASS when the bundle of every worker of the run says so, BLOCKED otherwise, with a violation
        where base is red: then the workers have been ended.
    """
    try:
        await _run(context, workers)
    except RedBaseline as red:
        return StageOutcome(Status.BLOCKED, red.reason, (red.violation,))
    failed = [
        f"{worker.worker_id} {worker.reason}"
        for worker in context.state().workers.values()
        if worker.status is not Status.PASS
    ]
    if failed:
        return StageOutcome(Status.BLOCKED, "; ".join(failed))
    return StageOutcome(Status.PASS)


async def _run(context: RunContext, workers: Sequence[str] | None) -> None:
    require_green_base(context)
    chosen = _unfinished(context) if workers is None else list(workers)
    places = asyncio.Semaphore(context.config.run.max_parallel)

    async def in_turn(worker_id: str) -> None:
        async with places:
            await run_worker(context, worker_id)

    try:
        async with watched_repository(context, chosen):
            works = [in_turn(worker_id) for worker_id in chosen]
            await _all_of([*works, check_base(context)])
    except ExceptionGroup as problems:
        raise _first(problems) from problems


async def _all_of(works: Sequence[Coroutine[None, None, None]]) -> None:
    """Wait for all; every cancel reaches every worker, as a second one means to kill at once.

    A task group alone would pass on the first and swallow the rest.
    """
    cancelled: asyncio.CancelledError | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        while not all(task.done() for task in tasks):
            try:
                await asyncio.wait(tasks)
            except asyncio.CancelledError as again:
                if any(task.done() and not task.cancelled() and task.exception() for task in tasks):
                    continue  # the group itself, after a failure: it has cancelled the others
                cancelled = again
                for task in tasks:
                    task.cancel()
    if cancelled is not None:
        raise cancelled


def _unfinished(context: RunContext) -> list[str]:
    return [worker.worker_id for worker in context.state().workers.values() if not worker.collected]


def _first(problems: ExceptionGroup[Exception]) -> Exception:
    """The problem that ended the others: a group would hide an expected error from the caller."""
    problem = problems.exceptions[0]
    return _first(problem) if isinstance(problem, ExceptionGroup) else problem
