"""Starting and resuming: from a request to a run that this process drives.

Owns the lock for as long as a run is driven, and what is recorded when the driving ends early. What
happens in between is the pipeline's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine import ledger_tail, storage
from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.names import LEDGER_DIGEST, MANIFEST
from factory_engine.bus import Bus
from factory_engine.checkouts.ownership import owned
from factory_engine.config import from_sealed
from factory_engine.errors import FactoryError, RunError, StorageError
from factory_engine.events import Draft, LedgerRepaired, RunInterrupted, RunResumed
from factory_engine.fold import fold_all
from factory_engine.ledger import LedgerWriter, read_events
from factory_engine.ledger_receipt import Receipt
from factory_engine.own_runs import is_known, remember
from factory_engine.pipeline import PREFLIGHT, Handover, Plan, conclude, run_pipeline
from factory_engine.processes.record import noted_below
from factory_engine.processes.tree import end_tree
from factory_engine.recorder import Recorder
from factory_engine.run_folder import GuardedWriter, RunFolder
from factory_engine.run_lock import hold
from factory_engine.runs.amend import chosen_amendments
from factory_engine.runs.birth import Request, claim, created_event, read_plan, require_sealed_plan
from factory_engine.runs.listing import existing_run, find_run
from factory_engine.runs.project import Project
from factory_engine.runs.replay import lost_events, require_whole_ledger
from factory_engine.stages.context import RunContext
from factory_engine.stages.launch.worker_folder import remove_left_folders
from factory_engine.stages.summary.stage import (
    clear_work,
    take_back_verdict,
    unseal,
)
from factory_engine.stages.validate.stage import Amend
from factory_engine.state import RunState
from factory_engine.status import Status

CANCEL_REQUEST = "cancel-requested"
CANCEL_POLL_S = 0.3


@dataclass(frozen=True)
class Outcome:
    """How a run stands when a command has done its part."""

    run_id: str
    folder: Path
    state: RunState

    @property
    def status(self) -> Status:
        """The verdict, or PENDING."""
        return self.state.status


async def oneshot(
    project: Project, request: Request, listen: Callable[[Bus], None] | None = None
) -> Outcome:
    """All five stages: of a new run, or of what an unfinished one still needs.

    A finished run with a pinned id is left as it is; one that preflight blocked is looked at again.

    Args:
        project: where to run.
        request: what to run; of an existing run only the id counts.
        listen: called with the bus before the first event of this call.

    Raises:
        FactoryError: the run could not be created or driven.
        asyncio.CancelledError: interrupted; the same call goes on from there.
    """
    folder = existing_run(project.runs_dir, request.run_id)
    if folder is not None:
        state = fold_all(read_events(folder.ledger))
        if _is_over(state) and _sealed(folder) and not lost_events(folder):
            _tidy(folder)
            return Outcome(folder.run_id, folder.path, state)
    return await _drive(project, folder, request, "oneshot", Plan(), listen)


async def launch(
    project: Project, request: Request, listen: Callable[[Bus], None] | None = None
) -> Outcome:
    """The first two stages of a new run; of an existing one, its workers again.

    Raises:
        As `oneshot`; UsageError for a worker that the run does not have.
    """
    folder = existing_run(project.runs_dir, request.run_id)
    plan = Plan(last="launch")
    if folder is not None:
        plan = Plan(last="launch", again="launch", workers=request.workers)
    return await _drive(project, folder, request, "launch", plan, listen)


async def judge(
    project: Project,
    run_id: str | None,
    stage: str,
    *,
    amend_scope: str | None = None,
    amend_workers: Sequence[str] = (),
    listen: Callable[[Bus], None] | None = None,
) -> Outcome:
    """`bundle-validate` or `integrate` of an existing run, whether or not it was done before.

    Args:
        project: where the run lies.
        run_id: of the run; None for the newest.
        stage: one of the two.
        amend_scope: why edited scope locks are to count; None where none is.
        amend_workers: whose; none for the only one whose lock was edited.
        listen: as for `oneshot`.

    Raises:
        As `oneshot`; RunError where the run has not come to its bundles yet.
        UsageError: the locks that are to count are not those that were edited.
    """
    folder = find_run(project.runs_dir, run_id, own_only=True)
    state = fold_all(read_events(folder.ledger))
    unfinished = [worker.worker_id for worker in state.workers.values() if not worker.collected]
    if unfinished and not lost_events(folder):
        raise RunError(
            f"no bundle yet from {', '.join(unfinished)}",
            where=folder.run_id,
            advice=f"go on with `factory launch --run-id {folder.run_id}`",
        )
    amend = None
    if amend_scope is not None:
        chosen = chosen_amendments(folder, state, amend_workers)
        amend = Amend(amend_scope, tuple(chosen.taken))
    plan = Plan(last=stage, again=stage, amend=amend)
    return await _drive(project, folder, Request(), stage, plan, listen)


async def _drive(
    project: Project,
    folder: RunFolder | None,
    request: Request,
    command: str,
    plan: Plan,
    listen: Callable[[Bus], None] | None,
) -> Outcome:
    target, manifest = (folder, None) if folder else await claim(project, request)
    bus = Bus()
    own = owned(project.workspaces, target.path)
    with hold(target.work, command), own, contextlib.closing(bus):
        if listen is not None:
            listen(bus)
        async with _recording(project, target, manifest, command, bus) as context:
            await _with_an_end(context, plan)
            return Outcome(target.run_id, target.path, context.state())


@contextlib.asynccontextmanager
async def _recording(
    project: Project, folder: RunFolder, plan: RunManifest | None, command: str, bus: Bus
) -> AsyncIterator[RunContext]:
    """The run's ledger open for writing, its first or its `run.resumed` event recorded."""
    require_whole_ledger(folder)
    if plan is not None and not folder.exists:
        GuardedWriter(folder.path).write(MANIFEST, plan.to_bytes())
    manifest = read_plan(folder)
    receipt = Receipt(folder.receipt)
    writer = LedgerWriter(folder.ledger, manifest.run_id, project.clock, receipt)
    with contextlib.closing(writer), contextlib.closing(receipt):
        recorder = Recorder(writer, fold_all(read_events(folder.ledger)), bus)
        context = _context(project, folder, manifest, recorder)
        if writer.set_aside:
            recorder.emit(Draft(LedgerRepaired(writer.set_aside)))
        if not recorder.state.run_id:
            recorder.emit(created_event(project, folder, manifest))
        else:
            require_sealed_plan(folder, recorder.state)
            await _end_leftovers(context)
            storage.sweep_temporaries(folder.path)
            unseal(folder)
            recorder.emit(Draft(RunResumed(command)))
            take_back_verdict(folder)
        _remember(project, folder, recorder.state)
        try:
            yield context
        finally:
            context.release()
            _remember(project, folder, recorder.state)


def _remember(project: Project, folder: RunFolder, state: RunState) -> None:
    """That the run is ours, outside of the repository, as far as it has come.

    One that was made elsewhere stays so, whoever goes on with it.
    """
    path, repository = os.fspath(folder.path), os.fspath(project.repository.common_dir)
    first = ledger_tail.first(os.fspath(folder.ledger))
    if first is not None and (state.resumed == 0 or is_known(path, first["event_id"])):
        remember(path, repository, first["event_id"], state.last_seq, state.last_event_id)


async def _with_an_end(context: RunContext, plan: Plan) -> None:
    """Run the pipeline; whatever ends it early is recorded before it goes on to the caller."""
    task = asyncio.current_task()
    assert task is not None
    with _cancel_on_request(context.folder, task):
        try:
            await run_pipeline(context, plan)
        except asyncio.CancelledError as error:
            requested = (context.folder.work / CANCEL_REQUEST).exists()
            cause = "cancel" if requested else str(error.args[0] if error.args else "interrupt")
            context.record(Draft(RunInterrupted(cause)))
            if not requested:
                raise
            task.uncancel()
        except FactoryError as error:
            await _record_failure(context, plan, error.status, error.what)
            raise
        except Exception as error:
            await _record_failure(
                context, plan, Status.FAIL, f"internal error: {type(error).__name__}"
            )
            raise


async def _record_failure(context: RunContext, plan: Plan, status: Status, what: str) -> None:
    """The verdict of a run that an error ended, as far as the disk still takes it."""
    with contextlib.suppress(FactoryError):
        await conclude(context, Handover(plan), status, _without_paths(what, context))


def _without_paths(text: str, context: RunContext) -> str:
    """No artifact holds an absolute path: folders of this machine by their roles."""
    for path, role in (
        (context.folder.path, "<run>"),
        (context.workspaces, "<workspaces>"),
        (context.repository.root, "<repository>"),
    ):
        text = text.replace(str(path), role)
    return text


@contextlib.contextmanager
def _cancel_on_request(folder: RunFolder, task: asyncio.Task[object]) -> Iterator[None]:
    """Cancel `task` when another process leaves a request in the work folder."""
    loop = asyncio.get_running_loop()
    request = folder.work / CANCEL_REQUEST
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal timer
        if request.exists():
            task.cancel("cancel")
            return
        timer = loop.call_later(CANCEL_POLL_S, look)

    with contextlib.suppress(OSError):
        storage.disk.unlink(request)
    timer = loop.call_later(CANCEL_POLL_S, look)
    try:
        yield
    finally:
        timer.cancel()
        with contextlib.suppress(OSError):
            storage.disk.unlink(request)


def _context(
    project: Project, folder: RunFolder, manifest: RunManifest, recorder: Recorder
) -> RunContext:
    return RunContext(
        folder=folder,
        manifest=manifest,
        config=from_sealed(manifest.config, project.config),
        repository=project.repository,
        runs_dir=project.runs_dir,
        workspaces=project.workspaces,
        clock=project.clock,
        environment=project.environment,
        emit=recorder.emit,
        state=lambda: recorder.state,
    )


async def _end_leftovers(context: RunContext) -> None:
    """End what a killed factory left running of this run, and remove what nobody needs of it."""
    workspaces = context.workspaces / "runs" / context.manifest.run_id
    inside = workspaces if workspaces.exists() else None
    await end_tree(
        None,
        context.marker(),
        inside,
        grace_s=2.0,
        mounts=context.mark(),
        known=await asyncio.to_thread(noted_below, context.folder.live_logs),
    )
    await asyncio.to_thread(remove_left_folders, context)


def _is_over(state: RunState) -> bool:
    blocked_early = state.stage(PREFLIGHT.name).status is Status.BLOCKED
    return state.status in (Status.PASS, Status.BLOCKED) and not blocked_early


def _tidy(folder: RunFolder) -> None:
    """Remove what a run that was killed just after its end did not get to."""
    if folder.work.is_dir():
        with contextlib.suppress(RunError, StorageError), hold(folder.work, "oneshot"):
            clear_work(folder)


def _sealed(folder: RunFolder) -> bool:
    return (folder.path / LEDGER_DIGEST).is_file()
