"""One execution of a worker's program: how it is started, heard and kept within its limits.

Owns what the agent is given and what of its words becomes an event at once. Whether it is executed
again, and in which workspace, is decided in `attempts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.budget import left_to_spend
from factory_engine.agents.file_service import run_conversation
from factory_engine.agents.own_files import OwnFiles, OwnFolder
from factory_engine.agents.prompt import to_go_on
from factory_engine.agents.protocol import (
    Activity,
    AgentTask,
    AgentVerdict,
    Conversation,
    Launch,
)
from factory_engine.checkouts.provider import Checkout
from factory_engine.events import WorkerSession
from factory_engine.processes.supervise import Finished, Program, run_program
from factory_engine.stages.launch.activity import ActivityRecorder
from factory_engine.stages.launch.watchdog import Watchdog
from factory_engine.stages.launch.worker_context import WorkerContext
from factory_engine.stages.sandboxed import (
    ProgramFolders,
    SandboxedLaunch,
    doubting,
    limits_for,
    sandboxed_launch,
)


@dataclass(frozen=True)
class Execution:
    """One execution that is to be.

    Args:
        worker: whose program; its folders are made already.
        session: the agent's session that it goes on with; empty for a new one.
        log: the file that takes its output.
        sandbox: what is around it.
    """

    worker: WorkerContext
    session: str
    log: Path
    sandbox: SandboxedLaunch


@dataclass(frozen=True)
class Ended:
    """How an execution ended, what that means, and the agent's last words."""

    finished: Finished
    verdict: AgentVerdict
    last_message: str


async def execute(execution: Execution) -> Ended:
    """Run the program to its end, or until a limit is reached.

    Raises:
        UsageError: the configuration does not say enough for this agent.
        StorageError: the disk refused.
    """
    worker, sandbox = execution.worker, execution.sandbox
    agent = worker.agent.driver
    task = _task(worker, sandbox.workspace, execution.session)
    program = _program(execution, agent.prepare(task))
    reader = agent.reader(task)
    activity = ActivityRecorder(worker.worker_id, worker.run.record, worker.state.counts)
    watchdog = Watchdog(worker.worker_id, worker.limits, activity, worker.run.record)

    def heard(activities: list[Activity]) -> None:
        _note_session(worker, reader.session)
        activity.heard(activities)
        watchdog.heard()

    def heard_stderr(chunk: bytes) -> None:
        reader.feed_stderr(chunk)
        heard([])

    run = run_program
    if isinstance(reader, Conversation):
        outbox = worker.folder.outbox
        run = partial(run_conversation, reader, lambda pid: _own_files(sandbox, outbox, pid))
    try:
        with doubting(worker.run, sandbox):
            finished = await run(
                sandbox.around(program),
                lambda chunk: heard(reader.feed(chunk)),
                clock=worker.run.clock,
                on_stderr=heard_stderr,
                over=lambda: reader.over,
                stop=watchdog.stop,
            )
    finally:
        watchdog.close()
        activity.close()
    finished = sandbox.translated(finished)
    return Ended(finished, watchdog.verdict or reader.verdict(finished), reader.last_message)


def _own_files(sandbox: SandboxedLaunch, outbox: Path, pid: int) -> OwnFiles:
    """The files of the worker's program as that finds them."""
    view = sandbox.view
    if view is not None and view.scratch is not None:
        workspace = OwnFolder(sandbox.workspace, mark=view.mark)
    else:
        workspace = OwnFolder(sandbox.workspace, view.top if view else sandbox.workspace)
    return OwnFiles(workspace, OwnFolder(outbox, outbox), pid=pid)


def _note_session(worker: WorkerContext, session: str) -> None:
    """Record the agent's session as soon as it is known: it must outlive this process."""
    if session and session != worker.state.session:
        worker.record(WorkerSession(session))


def _task(worker: WorkerContext, workspace: Path, session: str) -> AgentTask:
    prompt = worker.folder.prompt_file.read_text(encoding="utf-8")
    return AgentTask(
        worker_id=worker.worker_id,
        run_id=worker.run.manifest.run_id,
        base=worker.run.base,
        workspace=workspace,
        prompt=to_go_on(prompt) if session else prompt,
        prompt_file=worker.folder.prompt_file,
        outbox=worker.folder.outbox,
        argv=worker.agent.argv,
        settings=worker.agent_settings.options,
        max_cost=left_to_spend(worker.limits, worker.state.counts),
        session=session,
    )


def _program(execution: Execution, launch: Launch) -> Program:
    """The agent's program with its environment, its log and its limits."""
    worker, workspace = execution.worker, execution.sandbox.workspace
    run = worker.run.config.run
    return Program(
        argv=launch.argv,
        cwd=workspace,
        env=_environment(worker, workspace),
        log=execution.log,
        marker=worker.run.marker(worker.worker_id),
        workspace=worker.folder.path,
        stdin=launch.stdin,
        stop_signals=launch.stop_signals,
        separate_stderr=launch.separate_stderr,
        head_bytes=run.log_head_bytes,
        tail_bytes=run.log_tail_bytes,
        timeout_s=worker.limits.timeout_s,
        grace_s=run.grace_s,
        limits=limits_for(worker.run, worker.folder.path),
    )


def _environment(worker: WorkerContext, workspace: Path) -> Mapping[str, str]:
    return worker.agent.environment(worker.run.environment, worker.variables(workspace))


async def sandboxed_agent(worker: WorkerContext, checkout: Checkout) -> SandboxedLaunch:
    """Where the worker's agent is put: one with a sandbox of its own in none, if it may choose.

    Raises:
        SandboxMissing: it is required and cannot be had.
    """
    run, agent, folder = worker.run, worker.agent, worker.folder
    own = agent.own_folders(_environment(worker, run.repository.root))
    for path in own:
        if not path.suffix:  # inside it could not make its folder, as it does the first time
            storage.make_folder(path)
    folders = ProgramFolders(
        worker.worker_id, checkout, folder.path, folder.temporary, writable=(folder.outbox,)
    )
    state = (*own, *agent.configured_folders(run.home))
    return await sandboxed_launch(
        run, agent.sandbox, folders, network=worker.config.network == "on", state=state
    )
