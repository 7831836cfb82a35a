"""One worker from its empty workspace to its bundle.

Owns the order: program, collecting, the worker's own checks, bundle, clean-up. Judges nothing that
git can tell better.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.protocol import AgentVerdict
from factory_engine.checkouts.inspection import Collected, CollectLimits
from factory_engine.checkouts.provider import Checkout
from factory_engine.config.tasks import CheckConfig
from factory_engine.errors import CollectError, StorageError
from factory_engine.escape import printable
from factory_engine.events import Draft, WorkerChecked, WorkerFinished
from factory_engine.processes.environment import worker_environment
from factory_engine.sandbox import Sandbox
from factory_engine.stages.bundle_writer import BundleContents, write_bundle
from factory_engine.stages.checks import CheckRun
from factory_engine.stages.context import RunContext
from factory_engine.stages.isolation import changed_carried
from factory_engine.stages.launch.attempts import Progress, run_attempts
from factory_engine.stages.launch.worker_context import WorkerContext
from factory_engine.stages.launch.worker_folder import is_kept, remove_worker_folder
from factory_engine.stages.prepare import run_prepared_check
from factory_engine.status import Status


async def run_worker(context: RunContext, worker_id: str) -> None:
    """Run one worker and leave its bundle in the run folder.

    Whatever the worker does, also to its own files, it ends with a bundle and a `worker.finished`
    event; only a problem of the factory itself (a full disk, a broken git) is raised.
    """
    worker = WorkerContext(context, worker_id)
    progress = Progress(started_at=context.clock.timestamp())
    if context.manifest.dry_run or not worker.plan.has_task:
        reason = "dry run" if context.manifest.dry_run else "no task"
        await _leave_bundle(worker, progress, Status.PASS, reason)
        return
    keep = False
    try:
        checkouts = await worker.checkouts()
        checkout = await worker.checkout()
        finished, verdict = await run_attempts(worker, checkout, progress)
        collected = await _collect(worker, checkout, progress)
        tree = None if collected is None else collected.tree
        if not verdict.ok and tree is not None:
            progress.warnings.append("the work is partial: its program did not end well")
        verdict = await _with_its_work(worker, verdict, collected)
        if not verdict.ok:
            progress.errors.append(verdict.reason)
        elif tree is not None:
            await _run_checks(worker, tree, progress)
        status, reason = _status_of(verdict, progress)
        await _leave_bundle(worker, progress, status, reason, finished.rc, tree, started=True)
        keep = is_kept(context, status)
        if not keep and verdict.ok and not finished.survivors:
            await checkouts.give_back(checkout, confined=progress.layers == {"bubblewrap"})
    except BaseException:
        keep = _is_kept_for_later(worker)
        raise
    finally:
        if not keep:
            await asyncio.to_thread(remove_worker_folder, worker.folder)


async def _collect(
    worker: WorkerContext, checkout: Checkout, progress: Progress
) -> Collected | None:
    """What the worker left; None, with an error that says why, where it cannot be made out.

    A worker can put anything into its folder. What that does to collecting is its own verdict.

    Raises:
        StorageError: the disk refused, whatever the worker has left.
    """
    seconds = worker.run.config.run.collect_timeout_s
    try:
        async with asyncio.timeout(seconds):
            return await _collected(worker, checkout, progress)
    except TimeoutError:
        reason = f"was not done after {seconds:g} s, which its files must have caused"
    except CollectError as error:
        reason = error.what + (f": {printable(error.where)}" if error.where else "")
    except StorageError as error:
        # git says so of a file of that name, too; where the disk takes files it was no disk's fault
        await asyncio.to_thread(storage.probe, worker.run.folder.work)
        reason = error.what
    progress.errors.append(reason)
    return None


async def _collected(worker: WorkerContext, checkout: Checkout, progress: Progress) -> Collected:
    policy = worker.run.config.policy
    limits = CollectLimits(max_files=policy.max_files, max_file_bytes=policy.max_file_bytes)
    checkouts = await worker.checkouts()
    carried = await worker.run.carried(worker.worker_id)
    outputs = worker.run.config.workspace.outputs
    without = [*(os.fsencode(one.path) for one in carried), *map(os.fsencode, outputs)]
    collected = await checkouts.collect(checkout, limits, without)
    changed = await asyncio.to_thread(changed_carried, checkout, carried)
    progress.warnings += [
        f"{printable(path)} is carried: its changes were dropped" for path in changed
    ]
    progress.errors += [
        f"{problem.code} {printable(problem.path)}: {problem.detail}".replace(" :", ":")
        for problem in collected.problems
    ]
    progress.warnings += collected.notes
    return collected


async def _with_its_work(
    worker: WorkerContext, verdict: AgentVerdict, collected: Collected | None
) -> AgentVerdict:
    """The verdict; BLOCKED where a turn ended well but changed nothing and that is not allowed."""
    if not verdict.ok or collected is None or collected.problems or _may_be_empty(worker):
        return verdict
    git = (await worker.run.store()).git
    base = (await git.run("rev-parse", "--verify", f"{worker.run.base}^{{tree}}")).line
    if collected.tree != base:
        return verdict
    reason = (
        f"{worker.config.agent} ended well but changed no file; allow_empty would let that pass"
    )
    return AgentVerdict(False, reason)


def _may_be_empty(worker: WorkerContext) -> bool:
    """What is set; else of plain commands, and of those that may only look."""
    if worker.config.allow_empty is not None:
        return worker.config.allow_empty
    lock = worker.lock
    looks_only = not lock.allowed_globs and not lock.allow_shared_paths
    return looks_only or worker.agent_settings.protocol == "command"


async def _run_checks(worker: WorkerContext, tree: str, progress: Progress) -> None:
    """The worker's own checks, each on a clean checkout of what was collected.

    In its workspace a check would find what git ignores, and what the merge will not have.
    """
    config, folder = worker.config, worker.folder
    # `self` is the agent's own sandbox: its checks do not run in it
    asked: Sandbox = "auto" if config.sandbox == "self" else config.sandbox
    state = worker.agent.configured_folders(worker.run.home)
    for check in config.checks:
        run = CheckRun(
            check,
            worker.worker_id,
            tree,
            area=folder.path / "check",
            folder=folder.path,
            asked=asked,
            environment=partial(_check_environment, worker, check),
            writable=(folder.outbox,),
            state=tuple(state),
        )
        ended = await run_prepared_check(worker.run, run)
        progress.checks.append(ended.result)
        progress.logs.append((ended.log.stem, ended.log))
        worker.run.record(ended.draft(WorkerChecked, worker.worker_id))


def _check_environment(
    worker: WorkerContext, check: CheckConfig, workspace: Path
) -> dict[str, str]:
    config = worker.config
    return worker_environment(
        worker.run.environment,
        pass_env=[*worker.agent_settings.pass_env, *config.pass_env, *check.pass_env],
        set_env={**config.env, **check.env},
        factory=worker.variables(workspace),
    )


def _status_of(verdict: AgentVerdict, progress: Progress) -> tuple[Status, str]:
    if not verdict.ok:
        return Status.BLOCKED, verdict.reason
    if progress.errors:
        return Status.BLOCKED, f"cannot be collected: {progress.errors[0]}"
    red = [check for check in progress.checks if check.required and check.rc != 0]
    if red:
        return Status.BLOCKED, f"check {printable(red[0].name)} {red[0].detail}"
    return Status.PASS, ""


async def _leave_bundle(
    worker: WorkerContext,
    progress: Progress,
    status: Status,
    reason: str,
    rc: int | None = None,
    tree: str | None = None,
    *,
    started: bool = False,
) -> None:
    """Write the bundle, then say in the ledger that it is there, with the hash of each file.

    Args:
        rc, tree: what its program ended with and left behind; None where none was started, or
            what it left could not be made out.
        started: whether its program was.
    """
    worker_id = worker.worker_id
    written = await write_bundle(
        worker.run,
        BundleContents(
            worker_id=worker_id,
            status=status,
            reason=reason,
            rc=rc,
            tree=tree,
            started_at=progress.started_at,
            outbox=worker.folder.outbox if started else None,
            last_message=progress.last_message,
            logs=tuple(progress.logs),
            checks=tuple(progress.checks),
            errors=tuple(progress.errors),
            warnings=tuple(progress.warnings),
        ),
    )
    worker.run.record(
        Draft(
            WorkerFinished(status, reason, tuple(progress.errors), tuple(progress.warnings)),
            worker_id,
            file_counts=written.counts,
            hashes=written.hashes,
            rc=rc,
        )
    )


def _is_kept_for_later(worker: WorkerContext) -> bool:
    """Whether a worker that was interrupted gets its workspace back when the run goes on."""
    keep = worker.run.config.run.keep_workspaces
    return keep == "always" or (keep == "failed" and bool(worker.state.session))
