"""One worker from its empty workspace to its bundle.

Owns the order: workspace, program, retries, end of the process tree, collecting, the worker's own
checks, bundle, clean-up. Judges nothing that git can tell better.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine import storage
from factory_engine.agents import driver
from factory_engine.agents.environment import worker_environment
from factory_engine.agents.prompt import render_prompt
from factory_engine.agents.protocol import (
    AgentTask,
    AgentVerdict,
    Conversation,
    Driver,
    Launch,
)
from factory_engine.agents.supervise import Finished, Program, run_program
from factory_engine.artifacts.bundle import CheckResult
from factory_engine.config.tasks import WorkerConfig
from factory_engine.events import Draft, EventType
from factory_engine.git.collect import Collected, CollectLimits, collect
from factory_engine.git.workspace import remove_workspace
from factory_engine.rules.escape import printable
from factory_engine.sandbox import Sandbox
from factory_engine.stages.activity import ActivityRecorder
from factory_engine.stages.bundle_writer import BundleContents, write_bundle
from factory_engine.stages.checks import CheckRun, run_check
from factory_engine.stages.confined import Cell, cell
from factory_engine.stages.context import RunContext
from factory_engine.status import Status

RETRY_DELAY_S = 1.0


@dataclass(frozen=True)
class WorkerPlace:
    """The folders of one worker, all outside the user's repository."""

    folder: Path

    @property
    def tree(self) -> Path:
        """The workspace: the checkout in which the worker works."""
        return self.folder / "tree"

    @property
    def outbox(self) -> Path:
        """Where the worker may leave its summary, suggestions and handoff note."""
        return self.folder / "outbox"

    @property
    def temporary(self) -> Path:
        """The worker's own folder for temporary files."""
        return self.folder / "tmp"

    @property
    def scope_file(self) -> Path:
        """The worker's scope lock, to read."""
        return self.folder / "SCOPE_LOCK.json"

    @property
    def prompt_file(self) -> Path:
        """The worker's prompt, to read."""
        return self.folder / "PROMPT.md"


@dataclass
class _Progress:
    """What is known about a worker so far."""

    started_at: str
    logs: list[tuple[str, Path]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    last_message: str = ""


async def run_worker(context: RunContext, worker_id: str) -> None:
    """Run one worker and leave its bundle in the run folder.

    Whatever the worker does, it ends with a bundle and a `worker.finished` event; only a problem
    of the factory itself (a full disk, a broken git) is raised.
    """
    plan = context.manifest.plan(worker_id)
    progress = _Progress(started_at=context.clock.timestamp())
    if context.manifest.dry_run or not plan.has_task:
        reason = "dry run" if context.manifest.dry_run else "no task"
        await _leave_bundle(context, worker_id, progress, Status.PASS, reason, None, None)
        return
    place = WorkerPlace(context.worker_folder(worker_id))
    config = context.config.workers[worker_id]
    keep = False
    try:
        finished, verdict = await _attempts(context, worker_id, config, place, progress)
        collected = await _collect(context, worker_id, place, progress)
        if verdict.ok:
            await _run_checks(context, worker_id, config, place, progress)
        else:
            progress.errors.append(verdict.reason)
            progress.warnings.append("the work is partial: its program did not end well")
        status, reason = _status_of(verdict, progress)
        await _leave_bundle(
            context, worker_id, progress, status, reason, finished.rc, collected.tree, place
        )
        keep = _is_kept(context, status)
        if not keep and verdict.ok and not finished.survivors:
            index = context.folder.index_file(worker_id)
            await context.pool.give_back(await context.store(), context.base, place.tree, index)
    except asyncio.CancelledError:
        keep = _is_kept(context, Status.PASS)
        raise
    finally:
        if not keep:
            await asyncio.to_thread(_clean_up, place)


async def _attempts(
    context: RunContext,
    worker_id: str,
    config: WorkerConfig,
    place: WorkerPlace,
    progress: _Progress,
) -> tuple[Finished, AgentVerdict]:
    """Run the program until it ends well or no retry is left, each time in a fresh workspace."""
    agent = driver(context.config.agents[config.agent].protocol)
    attempts = 1 + config.retries
    for attempt in range(1, attempts + 1):
        await _prepare(context, worker_id, config, place)
        kept_in = await _cell(context, config, place, config.sandbox, config.network == "on")
        details = {
            "attempt": attempt,
            "attempts": attempts,
            "agent": config.agent,
            "sandbox": kept_in.layer.name,
            "network": config.network,
        }
        context.record(Draft(EventType.WORKER_STARTED, worker_id, details))
        name = "agent" if attempt == 1 else f"agent-{attempt}"
        finished, verdict = await _run_agent(
            context, worker_id, config, agent, place, name, progress, kept_in
        )
        progress.logs.append((name, context.folder.live_log(worker_id, name)))
        details = {
            "attempt": attempt,
            "reason": verdict.reason,
            "left_behind": finished.left_behind,
        }
        context.record(
            Draft(
                EventType.WORKER_EXITED,
                worker_id,
                details,
                duration_ms=finished.duration_ms,
                rc=finished.rc,
            )
        )
        if finished.left_behind:
            progress.warnings.append(
                f"{finished.left_behind} processes were left behind and were ended"
            )
        if verdict.ok or not verdict.retryable or attempt == attempts:
            break
        details = {"attempt": attempt, "reason": verdict.reason, "delay_s": RETRY_DELAY_S}
        context.record(Draft(EventType.WORKER_RETRIED, worker_id, details))
        await asyncio.sleep(RETRY_DELAY_S)
    return finished, verdict


async def _prepare(
    context: RunContext, worker_id: str, config: WorkerConfig, place: WorkerPlace
) -> None:
    """A fresh workspace of base, an empty outbox, the scope and the prompt to read."""
    store = await context.store()
    await asyncio.to_thread(remove_workspace, place.folder)
    storage.make_folder(place.outbox)
    storage.replace_file(place.scope_file, context.issued_lock(worker_id).to_bytes())
    prompt = render_prompt(
        context.manifest.plan(worker_id).prompt,
        manifest=context.manifest,
        lock=context.issued_lock(worker_id),
        checks=config.checks,
        outbox=place.outbox,
    )
    storage.replace_file(place.prompt_file, prompt.encode())
    index = context.folder.index_file(worker_id)
    storage.make_folder(index.parent)
    await context.pool.take(store, context.base, place.tree, index)


async def _run_agent(
    context: RunContext,
    worker_id: str,
    config: WorkerConfig,
    agent: Driver,
    place: WorkerPlace,
    log_name: str,
    progress: _Progress,
    kept_in: Cell,
) -> tuple[Finished, AgentVerdict]:
    settings = context.config.agents[config.agent]
    task = AgentTask(
        worker_id=worker_id,
        run_id=context.manifest.run_id,
        base=context.base,
        workspace=place.tree,
        prompt=place.prompt_file.read_text(encoding="utf-8"),
        prompt_file=place.prompt_file,
        outbox=place.outbox,
        argv=tuple(config.command or settings.argv),
        settings=settings.options,
    )
    launch = agent.prepare(task)
    program = _program(context, worker_id, config, place, launch, log_name)
    storage.make_folder(program.log.parent)
    reader = agent.reader(task)
    activity = ActivityRecorder(worker_id, context.record)
    try:
        finished = await run_program(
            kept_in.around(program),
            lambda chunk: activity.heard(reader.feed(chunk)),
            clock=context.clock,
            talker=reader.answer if isinstance(reader, Conversation) else None,
            on_stderr=reader.feed_stderr,
            over=lambda: reader.over,
        )
    finally:
        activity.close()
    finished = kept_in.told(finished)
    progress.last_message = reader.last_message
    return finished, reader.verdict(finished)


def _program(
    context: RunContext,
    worker_id: str,
    config: WorkerConfig,
    place: WorkerPlace,
    launch: Launch,
    log_name: str,
) -> Program:
    """The agent's program with its environment, its log and its limits."""
    settings = context.config.agents[config.agent]
    environment = worker_environment(
        context.environment,
        pass_env=[*settings.pass_env, *config.pass_env, *launch.pass_env],
        set_env={**launch.set_env, **settings.env, **config.env},
        factory=factory_environment(context, worker_id, place),
    )
    return Program(
        argv=launch.argv,
        cwd=place.tree,
        env=environment,
        log=context.folder.live_log(worker_id, log_name),
        marker=context.marker(worker_id),
        workspace=place.folder,
        stdin=launch.stdin,
        stop_signals=launch.stop_signals,
        separate_stderr=launch.separate_stderr,
        head_bytes=context.config.run.log_head_bytes,
        tail_bytes=context.config.run.log_tail_bytes,
        timeout_s=config.timeout_s or context.config.run.worker_timeout_s,
        grace_s=context.config.run.grace_s,
    )


async def _cell(
    context: RunContext, config: WorkerConfig, place: WorkerPlace, asked: Sandbox, network: bool
) -> Cell:
    """Where the worker's programs are put."""
    return await cell(
        context,
        asked,
        folder=place.folder,
        writable=(place.tree, place.outbox),
        temporary=place.temporary,
        network=network,
        state=context.config.agents[config.agent].state,
    )


def factory_environment(context: RunContext, worker_id: str, place: WorkerPlace) -> dict[str, str]:
    """What a worker is told through its environment."""
    return {
        "FACTORY_RUN_ID": context.manifest.run_id,
        "FACTORY_WORKER_ID": worker_id,
        "FACTORY_BASE": context.base,
        "FACTORY_SCOPE": str(place.scope_file),
        "FACTORY_PROMPT": str(place.prompt_file),
        "FACTORY_OUTBOX": str(place.outbox),
        # a worker that removed its .git must not find a repository further up
        "GIT_CEILING_DIRECTORIES": str(place.folder),
    }


async def _collect(
    context: RunContext, worker_id: str, place: WorkerPlace, progress: _Progress
) -> Collected:
    policy = context.config.policy
    collected = await collect(
        await context.store(),
        place.tree,
        context.folder.index_file(worker_id),
        context.base,
        CollectLimits(max_files=policy.max_files, max_file_bytes=policy.max_file_bytes),
    )
    progress.errors += [
        f"{problem.code} {printable(problem.path)}: {problem.detail}".replace(" :", ":")
        for problem in collected.problems
    ]
    progress.warnings += collected.notes
    return collected


async def _run_checks(
    context: RunContext,
    worker_id: str,
    config: WorkerConfig,
    place: WorkerPlace,
    progress: _Progress,
) -> None:
    for check in config.checks:
        settings = context.config.agents[config.agent]
        environment = worker_environment(
            context.environment,
            pass_env=[*settings.pass_env, *config.pass_env],
            set_env=config.env,
            factory=factory_environment(context, worker_id, place),
        )
        # `self` is the agent's own sandbox: its checks do not run in it
        asked: Sandbox = "auto" if config.sandbox == "self" else config.sandbox
        kept_in = await _cell(context, config, place, asked, check.reaches_network)
        run = CheckRun(check, worker_id, place.tree, environment, kept_in)
        result, log = await run_check(context, run)
        progress.checks.append(result)
        progress.logs.append((log.stem, log))
        context.record(
            Draft(
                EventType.WORKER_CHECKED,
                worker_id,
                {
                    "name": result.name,
                    "required": result.required,
                    "status": result.status,
                    "detail": result.detail,
                },
                duration_ms=result.duration_ms,
                rc=result.rc,
            )
        )


def _status_of(verdict: AgentVerdict, progress: _Progress) -> tuple[Status, str]:
    if not verdict.ok:
        return Status.BLOCKED, verdict.reason
    if progress.errors:
        return Status.BLOCKED, f"cannot be collected: {progress.errors[0]}"
    red = [check for check in progress.checks if check.required and check.rc != 0]
    if red:
        return Status.BLOCKED, f"check {printable(red[0].name)} {red[0].detail}"
    return Status.PASS, ""


async def _leave_bundle(
    context: RunContext,
    worker_id: str,
    progress: _Progress,
    status: Status,
    reason: str,
    rc: int | None,
    tree: str | None,
    place: WorkerPlace | None = None,
) -> None:
    """Write the bundle, then say in the ledger that it is there, with the hash of each file."""
    written = await write_bundle(
        context,
        BundleContents(
            worker_id=worker_id,
            status=status,
            reason=reason,
            rc=rc,
            tree=tree,
            started_at=progress.started_at,
            outbox=place.outbox if place else None,
            last_message=progress.last_message,
            logs=tuple(progress.logs),
            checks=tuple(progress.checks),
            errors=tuple(progress.errors),
            warnings=tuple(progress.warnings),
        ),
    )
    context.record(
        Draft(
            EventType.WORKER_FINISHED,
            worker_id,
            {
                "status": str(status),
                "reason": reason,
                "errors": progress.errors,
                "warnings": progress.warnings,
            },
            file_counts=written.counts,
            hashes=written.hashes,
            rc=rc,
        )
    )


def _is_kept(context: RunContext, status: Status) -> bool:
    keep = context.config.run.keep_workspaces
    return keep == "always" or (keep == "failed" and status is not Status.PASS)


def _clean_up(place: WorkerPlace) -> None:
    remove_workspace(place.folder)
    for parent in (place.folder.parent, place.folder.parent.parent):
        with contextlib.suppress(OSError):
            parent.rmdir()  # only where it is empty
