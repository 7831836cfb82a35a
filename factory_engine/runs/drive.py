"""Starting and resuming: from a request to a run that this process drives.

Owns the run's birth (id, folder, manifest, first event), the lock for as long as it is driven, and
what is recorded when the driving ends early. What happens in between is the pipeline's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from factory_engine import run_id as run_ids
from factory_engine import storage
from factory_engine.agents.process_tree import end_tree
from factory_engine.artifacts.manifest import RunManifest, WorkerPlan
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.bus import Bus
from factory_engine.config import WorkerConfig, digest, from_sealed, sealed
from factory_engine.errors import FactoryError, RunError, UsageError
from factory_engine.events import Draft, EventType
from factory_engine.fold import fold_all
from factory_engine.git.process import git_version
from factory_engine.ledger import LedgerWriter, read_events, read_tail
from factory_engine.pipeline import PREFLIGHT, Plan, run_pipeline
from factory_engine.recorder import Recorder
from factory_engine.run_folder import (
    LEDGER_DIGEST,
    MANIFEST,
    GuardedWriter,
    RunFolder,
    Unreadable,
    claim_run_folder,
    create_runs_folder,
)
from factory_engine.run_lock import hold
from factory_engine.runs.listing import find_run, newest_run
from factory_engine.runs.project import Project
from factory_engine.stages.context import RunContext
from factory_engine.stages.summary import Judgement, unseal, write_summary
from factory_engine.state import RunState
from factory_engine.status import Status
from factory_engine.version import VERSION

CANCEL_REQUEST = "cancel-requested"
CANCEL_POLL_S = 0.3


@dataclass(frozen=True)
class Request:
    """What a new run is to be.

    Args:
        base_ref: the commit to start from, by any name; None for the configured one.
        dry_run: start no worker, run no check, leave empty bundles.
        run_id: a pinned id; None for the next free one.
        kind: the first word of a made id; None for the configured one.
        workers: who takes part; None for everyone with a task.
    """

    base_ref: str | None = None
    dry_run: bool = False
    run_id: str | None = None
    kind: str | None = None
    workers: tuple[str, ...] | None = None


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
    folder = _existing(project, request.run_id)
    if folder is not None:
        state = fold_all(read_events(folder.ledger))
        if _is_over(state) and _sealed(folder):
            return Outcome(folder.run_id, folder.path, state)
    return await _drive(project, folder, request, "oneshot", Plan(), listen)


async def launch(
    project: Project, request: Request, listen: Callable[[Bus], None] | None = None
) -> Outcome:
    """The first two stages of a new run; of an existing one, its workers again.

    Raises:
        As `oneshot`; UsageError for a worker that the run does not have.
    """
    folder = _existing(project, request.run_id)
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
    listen: Callable[[Bus], None] | None = None,
) -> Outcome:
    """`bundle-validate` or `integrate` of an existing run, whether or not it was done before.

    Raises:
        As `oneshot`; RunError where the run has not come to its bundles yet.
    """
    folder = find_run(project.runs_dir, run_id)
    state = fold_all(read_events(folder.ledger))
    unfinished = [worker.worker_id for worker in state.workers.values() if not worker.collected]
    if unfinished:
        raise RunError(
            f"no bundle yet from {', '.join(unfinished)}",
            where=folder.run_id,
            advice=f"go on with `factory launch --run-id {folder.run_id}`",
        )
    plan = Plan(last=stage, again=stage, amend_scope=amend_scope)
    return await _drive(project, folder, Request(), stage, plan, listen)


async def _drive(
    project: Project,
    folder: RunFolder | None,
    request: Request,
    command: str,
    plan: Plan,
    listen: Callable[[Bus], None] | None,
) -> Outcome:
    made = None if folder is not None else await _claim(project, request)
    target = folder or made
    assert target is not None
    bus = Bus()
    with hold(target.work, command), contextlib.closing(bus):
        if listen is not None:
            listen(bus)
        async with _recording(project, target, request, command, bus) as context:
            await _with_an_end(context, plan)
            return Outcome(target.run_id, target.path, context.state())


@contextlib.asynccontextmanager
async def _recording(
    project: Project, folder: RunFolder, request: Request, command: str, bus: Bus
) -> AsyncIterator[RunContext]:
    """The run's ledger open for writing, its first or its `run.resumed` event recorded."""
    known = folder.exists
    if not known:
        await _write_manifest(project, folder, request)
    manifest = _read_manifest(folder)
    writer = LedgerWriter(folder.ledger, manifest.run_id, project.clock)
    with contextlib.closing(writer):
        recorder = Recorder(writer, fold_all(read_events(folder.ledger)), bus)
        context = _context(project, folder, manifest, recorder)
        if writer.set_aside:
            recorder.emit(Draft(EventType.LEDGER_REPAIRED, details={"kept_as": writer.set_aside}))
        if not recorder.state.run_id:
            recorder.emit(_created(project, folder, manifest))
        else:
            _require_sealed_plan(folder, recorder.state)
            await _end_leftovers(context)
            storage.sweep_temporaries(folder.path)
            recorder.emit(Draft(EventType.RUN_RESUMED, details={"command": command}))
        unseal(context)
        yield context


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
            context.record(Draft(EventType.RUN_INTERRUPTED, details={"cause": cause}))
            if not requested:
                raise
            task.uncancel()
        except FactoryError as error:
            _record_failure(context, error.status, error.what)
            raise
        except Exception as error:
            _record_failure(context, Status.FAIL, f"internal error: {type(error).__name__}")
            raise


def _record_failure(context: RunContext, status: Status, what: str) -> None:
    """The verdict of a run that an error ended, as far as the disk still takes it."""
    with contextlib.suppress(FactoryError):
        write_summary(context, status, _without_paths(what, context), Judgement())


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
        request.unlink()
    timer = loop.call_later(CANCEL_POLL_S, look)
    try:
        yield
    finally:
        timer.cancel()
        with contextlib.suppress(OSError):
            request.unlink()


# --- a run's birth ------------------------------------------------------------------------------


def _existing(project: Project, run_id: str | None) -> RunFolder | None:
    """The run that a pinned id names; None for a new one, or where only its folder exists."""
    if run_id is None:
        return None
    folder = RunFolder(project.runs_dir / run_ids.validate(run_id))
    return folder if folder.exists else None


async def _claim(project: Project, request: Request) -> RunFolder:
    """A folder for a new run, ours alone."""
    kind = request.kind or project.config.run.kind
    base = await project.repository.resolve_commit(request.base_ref or project.config.run.base_ref)
    for worker_id in request.workers or ():
        if worker_id not in project.config.workers:
            raise UsageError("no such worker is configured", where=worker_id)
    for worker in project.config.workers.values():
        _task_text(project, worker)  # a prompt that cannot be read must not leave a run behind
    taken: set[str] = set()
    run_id = run_ids.make(kind, project.clock.now_us(), base, taken)
    create_runs_folder(project.runs_dir)
    if request.run_id is not None:
        folder = RunFolder(project.runs_dir / request.run_id)
        storage.make_folder(folder.path)
        return folder
    while (claimed := claim_run_folder(project.runs_dir, run_id)) is None:
        taken.add(run_id)
        run_id = run_ids.make(kind, project.clock.now_us(), base, taken)
    return claimed


async def _write_manifest(project: Project, folder: RunFolder, request: Request) -> None:
    """Seal the plan: from here on nothing but this file says what the run is."""
    base_ref = request.base_ref or project.config.run.base_ref
    config = sealed(project.config)
    manifest = RunManifest(
        run_id=folder.run_id,
        kind=request.kind or project.config.run.kind,
        base_ref=base_ref,
        base_commit=await project.repository.resolve_commit(base_ref),
        created_at=project.clock.timestamp(),
        dry_run=request.dry_run,
        workers=[
            WorkerPlan(
                worker_id=worker_id,
                title=worker.title,
                agent=worker.agent,
                has_task=worker.has_task
                and (request.workers is None or worker_id in request.workers),
                prompt=_task_text(project, worker),
                allowed_globs=list(worker.scope.allow),
                blocked_globs=list(worker.scope.block),
                allow_shared_paths=list(worker.scope.shared),
            )
            for worker_id, worker in sorted(project.config.workers.items())
        ],
        config=config,
        config_sha256=digest(config),
        versions={"factory": VERSION, "git": ".".join(map(str, await git_version()))},
    )
    GuardedWriter(folder.path).write(MANIFEST, manifest.to_bytes())


def _task_text(project: Project, worker: WorkerConfig) -> str:
    """What the operator wants of a worker. Raises UsageError where its file cannot be read."""
    if not worker.prompt_file:
        return worker.prompt
    try:
        return (project.repository.root / worker.prompt_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the prompt cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}",
            where=worker.prompt_file,
            advice="correct prompt_file",
        ) from error


def _read_manifest(folder: RunFolder) -> RunManifest:
    """The sealed plan. Raises RunError where it is gone or is no plan that this version knows."""
    try:
        return RunManifest.from_bytes(folder.read(MANIFEST, RunManifest.max_bytes))
    except (Unreadable, JsonProblem) as error:
        raise RunError(
            f"{MANIFEST}: {error}",
            where=folder.run_id,
            advice="start a new run; this one can only be read",
        ) from None


def _require_sealed_plan(folder: RunFolder, state: RunState) -> None:
    """The manifest holds the locks that count: it must be the one that the ledger knows."""
    if folder.sha256(MANIFEST) != state.hashes.get(MANIFEST):
        raise RunError(
            f"{MANIFEST} is not the one that the run was created with",
            where=folder.run_id,
            advice="put it back, or start a new run; `ledger-replay` names what differs",
        )


def _created(project: Project, folder: RunFolder, manifest: RunManifest) -> Draft:
    previous = newest_run(project.runs_dir, except_for=folder.run_id)
    last = read_tail(previous.ledger, 1) if previous else []
    return Draft(
        EventType.RUN_CREATED,
        details={
            "kind": manifest.kind,
            "base_ref": manifest.base_ref,
            "base_commit": manifest.base_commit,
            "dry_run": manifest.dry_run,
            "workers": [
                {
                    "worker_id": plan.worker_id,
                    "title": plan.title,
                    "agent": plan.agent,
                    "has_task": plan.has_task,
                    "attempts": 1 + project.config.workers[plan.worker_id].retries,
                }
                for plan in manifest.workers
            ],
            "previous_run_id": previous.run_id if previous else "",
            "previous_event_id": last[-1].event_id if last else "",
        },
        hashes={MANIFEST: folder.sha256(MANIFEST)},
    )


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
    """Stop what a killed factory left running of this run, before anything is started again."""
    workspaces = context.workspaces / "runs" / context.manifest.run_id
    inside = workspaces if workspaces.exists() else None
    await end_tree(None, context.marker(), inside, grace_s=2.0)


def _is_over(state: RunState) -> bool:
    blocked_early = state.stage(PREFLIGHT).status is Status.BLOCKED
    return state.status in (Status.PASS, Status.BLOCKED) and not blocked_early


def _sealed(folder: RunFolder) -> bool:
    return (folder.path / LEDGER_DIGEST).is_file()
