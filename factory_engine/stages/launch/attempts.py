"""A worker's program, run until it ends well or no other try makes sense.

Owns the order of attempts: a fresh workspace or the agent's own session in the old one, the waits
between, and the events about each. What an end means is the driver's to say.

An agent that can go on with its own session does so in the same workspace, so that neither its work
nor what it has understood is lost: after a failed attempt, and after the factory itself was
stopped. The ledger decides: the session's name is in it as soon as the agent says it, and is taken
back there before anything is done to the workspace. So a workspace that lies beside a recorded
session is the one that it worked in, complete as it left it. Everything else starts afresh.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.protocol import AgentVerdict
from factory_engine.agents.retry import delay_before_next, with_its_wait
from factory_engine.artifacts.bundle import CheckResult
from factory_engine.checkouts.provider import Checkout
from factory_engine.events import Draft, WorkerExited, WorkerRetried, WorkerSession, WorkerStarted
from factory_engine.processes.supervise import Finished
from factory_engine.stages.launch.execution import Execution, execute, sandboxed_agent
from factory_engine.stages.launch.worker_context import WorkerContext


@dataclass
class Progress:
    """What is known about a worker so far.

    Args:
        layers: what confined the programs that were in its workspace, each in a word.
    """

    started_at: str
    logs: list[tuple[str, Path]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    last_message: str = ""
    layers: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Attempt:
    """One attempt: its number, the session that it goes on with or nothing, its files."""

    number: int
    session: str
    checkout: Checkout


async def run_attempts(
    worker: WorkerContext, checkout: Checkout, progress: Progress
) -> tuple[Finished, AgentVerdict]:
    """Run the program until it ends well or no retry is left.

    Args:
        worker: whose program.
        checkout: its workspace; that of the last attempt is left there.
        progress: gets logs, warnings and the agent's last words.

    Returns:
        how the last attempt ended, and what that means.
    """
    policy = worker.run.config.run.retry
    number, session = 1, _session_left(worker, checkout)
    _keep_earlier_logs(worker, session, progress)
    progress.layers = {"unknown"}  # a workspace that an earlier process left
    while True:
        if not session:
            await _start_afresh(worker, checkout)
            progress.layers.clear()
        attempt = _Attempt(number, session, checkout)
        finished, verdict = await _one_attempt(worker, attempt, progress)
        # an agent that does not find its session again has not tried anything
        lost = bool(session) and not verdict.begun and not verdict.retryable
        delay = 0.0 if lost else delay_before_next(verdict, number, policy)
        last = not lost and number > worker.config.retries
        if delay is None or last:
            return finished, verdict if last else with_its_wait(verdict, policy)
        worker.record(WorkerRetried(number, verdict.reason, verdict.kind, delay))
        await asyncio.sleep(delay)
        number += not lost
        session = "" if lost else _session(worker, checkout)


def _session(worker: WorkerContext, checkout: Checkout) -> str:
    """The session that can be gone on with; empty where there is none, or no workspace for it."""
    session = worker.state.session
    return session if session and checkout.is_there else ""


def _session_left(worker: WorkerContext, checkout: Checkout) -> str:
    """The same for what an earlier process left, which may have been about to remove it."""
    kept = worker.run.config.run.keep_workspaces != "never"
    return _session(worker, checkout) if kept else ""


async def _start_afresh(worker: WorkerContext, checkout: Checkout) -> None:
    """A fresh workspace; the session of the old one is taken back first, whatever happens then."""
    if worker.state.session:
        worker.record(WorkerSession(""))
    await worker.make_folder(checkout)


def _keep_earlier_logs(worker: WorkerContext, session: str, progress: Progress) -> None:
    """What the session said to a factory that was stopped belongs to the work that goes on."""
    while session and (log := _log(worker, progress))[1].is_file():
        progress.logs.append(log)


def _log(worker: WorkerContext, progress: Progress) -> tuple[str, Path]:
    """The name and file of the next log: agent, agent-2, …"""
    name = f"agent-{len(progress.logs) + 1}" if progress.logs else "agent"
    return name, worker.run.folder.live_log(worker.worker_id, name)


async def _one_attempt(
    worker: WorkerContext, attempt: _Attempt, progress: Progress
) -> tuple[Finished, AgentVerdict]:
    """Run the program once, with the events of its beginning and its end."""
    config = worker.config
    worker.write_task()
    sandbox = await sandboxed_agent(worker, attempt.checkout)
    progress.layers.add(sandbox.name)
    started = WorkerStarted(
        attempt=attempt.number,
        attempts=1 + config.retries,
        agent=config.agent,
        sandbox=sandbox.name,
        isolation=sandbox.isolation,
        port_base=worker.run.ports.base_of(worker.worker_id),
        network=config.network,
        continues=bool(attempt.session),
    )
    worker.record(started)
    progress.warnings += [w for w in sandbox.gaps if w not in progress.warnings]
    name, log = _log(worker, progress)
    storage.make_folder(log.parent)
    progress.logs.append((name, log))
    ended = await execute(Execution(worker, attempt.session, log, sandbox))
    finished, verdict = ended.finished, ended.verdict
    progress.last_message = ended.last_message
    exited = WorkerExited(attempt.number, verdict.reason, finished.left_behind)
    worker.run.record(
        Draft(exited, worker.worker_id, duration_ms=finished.duration_ms, rc=finished.rc)
    )
    if finished.left_behind:
        progress.warnings.append(
            f"{finished.left_behind} processes were left behind and were ended"
        )
    return finished, verdict
