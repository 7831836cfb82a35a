"""A run's birth: from a request to a sealed plan in a folder that is ours alone.

Owns the run id, the manifest and the first event. Starts nothing and holds no lock.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from factory_engine import run_id as run_ids
from factory_engine import storage
from factory_engine.artifacts.manifest import RunManifest, WorkerPlan
from factory_engine.artifacts.names import MANIFEST
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.config import WorkerConfig, digest, sealed
from factory_engine.errors import RunError, UsageError
from factory_engine.events import Draft, PlannedWorker, RunCreated
from factory_engine.git.process import git_version
from factory_engine.ledger import read_tail
from factory_engine.plain_file import read_below, read_plain
from factory_engine.run_folder import RunFolder, Unreadable, claim_run_folder, create_runs_folder
from factory_engine.runs.listing import newest_run
from factory_engine.runs.project import Project
from factory_engine.state import RunState
from factory_engine.version import VERSION

_MOST_PROMPT_BYTES = 10_000_000


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


async def claim(project: Project, request: Request) -> tuple[RunFolder, RunManifest]:
    """A folder for a new run and its plan; only the folder is made.

    Raises:
        RepositoryError: base is no commit.
        UsageError: a worker, a prompt file or a kind that cannot be; nothing was created.
        StorageError: the folder cannot be made.
    """
    base = await project.repository.resolve_commit(request.base_ref or project.config.run.base_ref)
    kind = request.kind or project.config.run.kind
    taken: set[str] = set()
    run_id = request.run_id or run_ids.make(kind, project.clock.now_us(), base, taken)
    # the plan before the folder: what cannot be planned must not leave a run behind
    manifest = await make_plan(project, request, run_id, base)
    create_runs_folder(project.runs_dir)
    if request.run_id is not None:
        folder = RunFolder(project.runs_dir / request.run_id)
        storage.make_folder(folder.path)
        return folder, manifest
    while (claimed := claim_run_folder(project.runs_dir, run_id)) is None:
        taken.add(run_id)
        run_id = run_ids.make(kind, project.clock.now_us(), base, taken)
    return claimed, manifest.model_copy(update={"run_id": claimed.run_id})


async def make_plan(project: Project, request: Request, run_id: str, base: str) -> RunManifest:
    """The plan of a run: from here on nothing but this says what the run is.

    Args:
        project: whose configuration is sealed in it.
        request: what was asked for.
        run_id: the run's id.
        base: the full id of the base commit.

    Raises:
        UsageError: a worker that is not configured, or a prompt that cannot be read.
    """
    for worker_id in request.workers or ():
        if worker_id not in project.config.workers:
            raise UsageError("no such worker is configured", where=worker_id)
    config = sealed(project.config)
    return RunManifest(
        run_id=run_id,
        kind=request.kind or project.config.run.kind,
        base_ref=request.base_ref or project.config.run.base_ref,
        base_commit=base,
        created_at=project.clock.timestamp(),
        dry_run=request.dry_run,
        workers=[
            WorkerPlan(
                worker_id=worker_id,
                title=worker.title,
                agent=worker.agent,
                has_task=worker.has_task
                and (request.workers is None or worker_id in request.workers),
                prompt=task_text(project, worker),
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


def task_text(project: Project, worker: WorkerConfig) -> str:
    """What the operator wants of a worker. Raises UsageError where its file cannot be read."""
    if not worker.prompt_file:
        return worker.prompt
    try:
        return _prompt_file(project.repository.root, worker.prompt_file).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the prompt cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}",
            where=worker.prompt_file,
            advice="correct prompt_file",
        ) from error


def _prompt_file(root: Path, name: str) -> bytes:
    """A prompt; one in the repository is reached through no link. Raises OSError."""
    path = Path(os.path.normpath(root / name))
    if path.is_relative_to(root):
        return read_below(root, path.relative_to(root).parts, _MOST_PROMPT_BYTES)
    return read_plain(os.path.realpath(path), _MOST_PROMPT_BYTES)


def read_plan(folder: RunFolder) -> RunManifest:
    """The sealed plan. Raises RunError where it is gone or is no plan that this version knows."""
    try:
        return RunManifest.from_bytes(folder.read(MANIFEST, RunManifest.max_bytes))
    except (Unreadable, JsonProblem) as error:
        raise RunError(
            f"{MANIFEST}: {error}",
            where=folder.run_id,
            advice="start a new run; this one can only be read",
        ) from None


def require_sealed_plan(folder: RunFolder, state: RunState) -> None:
    """The manifest holds the locks that count: it must be the one that the ledger knows."""
    if folder.sha256(MANIFEST) != state.hashes.get(MANIFEST):
        raise RunError(
            f"{MANIFEST} is not the one that the run was created with",
            where=folder.run_id,
            advice="put it back, or start a new run; `ledger-replay` names what differs",
        )


def created_event(project: Project, folder: RunFolder, manifest: RunManifest) -> Draft:
    """The first event: the plan's hash, and the run before, so that a removed one shows."""
    previous = newest_run(project.runs_dir, except_for=folder.run_id)
    last = read_tail(previous.ledger, 1) if previous else []
    return Draft(
        RunCreated(
            kind=manifest.kind,
            base_ref=manifest.base_ref,
            base_commit=manifest.base_commit,
            dry_run=manifest.dry_run,
            workers=tuple(
                PlannedWorker(
                    worker_id=plan.worker_id,
                    title=plan.title,
                    agent=plan.agent,
                    has_task=plan.has_task,
                    attempts=1 + project.config.workers[plan.worker_id].retries,
                )
                for plan in manifest.workers
            ),
            previous_run_id=previous.run_id if previous else "",
            previous_event_id=last[-1].event_id if last else "",
        ),
        hashes={MANIFEST: folder.sha256(MANIFEST)},
    )
