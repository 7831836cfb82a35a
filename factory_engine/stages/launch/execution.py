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
from factory_engine.agents import driver
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
from factory_engine.config.limits import WorkLimits
from factory_engine.events import Draft, WorkerSession
from factory_engine.processes.environment import worker_environment
from factory_engine.processes.supervise import Finished, Program, run_program
from factory_engine.sandbox import Sandbox
from factory_engine.stages.context import RunContext
from factory_engine.stages.launch.activity import ActivityRecorder
from factory_engine.stages.launch.watchdog import Bounds
from factory_engine.stages.launch.worker_folder import WorkerPlace, worker_variables
from factory_engine.stages.sandboxed import (
    Cell,
    Room,
    cell,
    doubting,
    home_of,
    limits_for,
    state_folders,
)


@dataclass(frozen=True)
class Execution:
    """One execution that is to be.

    Args:
        worker_id: whose program.
        place: the worker's folders, made already.
        session: the agent's session that it goes on with; empty for a new one.
        log: the file that takes its output.
        kept_in: where it is put.
    """

    worker_id: str
    place: WorkerPlace
    session: str
    log: Path
    kept_in: Cell


@dataclass(frozen=True)
class Ended:
    """How an execution ended, what that means, and the agent's last words."""

    finished: Finished
    verdict: AgentVerdict
    last_message: str


async def execute(context: RunContext, execution: Execution) -> Ended:
    """Run the program to its end, or until a limit is reached.

    Raises:
        UsageError: the configuration does not say enough for this agent.
        StorageError: the disk refused.
    """
    worker_id, kept_in = execution.worker_id, execution.kept_in
    limits = context.config.limits_of(worker_id)
    agent = driver(context.config.agents[context.config.workers[worker_id].agent].protocol)
    task = _task(context, worker_id, execution.place, kept_in.workspace, execution.session)
    program = _program(context, execution, agent.prepare(task), limits)
    reader = agent.reader(task)
    before = context.state().workers[worker_id].counts
    activity = ActivityRecorder(worker_id, context.record, before)
    bounds = Bounds(worker_id, limits, activity, context.record)

    def heard(activities: list[Activity]) -> None:
        _note_session(context, worker_id, reader.session)
        activity.heard(activities)
        bounds.heard()

    def heard_stderr(chunk: bytes) -> None:
        reader.feed_stderr(chunk)
        heard([])

    run = run_program
    if isinstance(reader, Conversation):
        run = partial(
            run_conversation, reader, lambda pid: _own_files(kept_in, execution.place, pid)
        )
    try:
        with doubting(context, kept_in):
            finished = await run(
                kept_in.around(program),
                lambda chunk: heard(reader.feed(chunk)),
                clock=context.clock,
                on_stderr=heard_stderr,
                over=lambda: reader.over,
                stop=bounds.stop,
            )
    finally:
        bounds.close()
        activity.close()
    finished = kept_in.told(finished)
    return Ended(finished, bounds.breach or reader.verdict(finished), reader.last_message)


def _own_files(kept_in: Cell, place: WorkerPlace, pid: int) -> OwnFiles:
    """The files of the worker's program as that finds them."""
    view = kept_in.view
    if view is not None and view.scratch is not None:
        workspace = OwnFolder(kept_in.workspace, mark=view.mark)
    else:
        workspace = OwnFolder(kept_in.workspace, view.top if view else kept_in.workspace)
    return OwnFiles(workspace, OwnFolder(place.outbox, place.outbox), pid=pid)


def _note_session(context: RunContext, worker_id: str, session: str) -> None:
    """Record the agent's session as soon as it is known: it must outlive this process."""
    if session and session != context.state().workers[worker_id].session:
        context.record(Draft(WorkerSession(session), worker_id))


def _task(
    context: RunContext, worker_id: str, place: WorkerPlace, workspace: Path, session: str
) -> AgentTask:
    config = context.config.workers[worker_id]
    settings = context.config.agents[config.agent]
    prompt = place.prompt_file.read_text(encoding="utf-8")
    counts = context.state().workers[worker_id].counts
    return AgentTask(
        worker_id=worker_id,
        run_id=context.manifest.run_id,
        base=context.base,
        workspace=workspace,
        prompt=to_go_on(prompt) if session else prompt,
        prompt_file=place.prompt_file,
        outbox=place.outbox,
        argv=tuple(config.command or settings.argv),
        settings=settings.options,
        max_cost=left_to_spend(context.config.limits_of(worker_id), counts),
        session=session,
    )


def _program(
    context: RunContext, execution: Execution, launch: Launch, limits: WorkLimits
) -> Program:
    """The agent's program with its environment, its log and its limits."""
    worker_id, place = execution.worker_id, execution.place
    return Program(
        argv=launch.argv,
        cwd=execution.kept_in.workspace,
        env=_environment(context, worker_id, place, execution.kept_in.workspace, launch),
        log=execution.log,
        marker=context.marker(worker_id),
        workspace=place.folder,
        stdin=launch.stdin,
        stop_signals=launch.stop_signals,
        separate_stderr=launch.separate_stderr,
        head_bytes=context.config.run.log_head_bytes,
        tail_bytes=context.config.run.log_tail_bytes,
        timeout_s=limits.timeout_s,
        grace_s=context.config.run.grace_s,
        limits=limits_for(context, place.folder),
    )


def _environment(
    context: RunContext, worker_id: str, place: WorkerPlace, workspace: Path, launch: Launch
) -> Mapping[str, str]:
    config = context.config.workers[worker_id]
    settings = context.config.agents[config.agent]
    return worker_environment(
        context.environment,
        pass_env=[*settings.pass_env, *config.pass_env, *launch.pass_env],
        set_env={**launch.set_env, **settings.env, **config.env},
        factory=worker_variables(context, worker_id, place, workspace),
    )


async def agent_cell(
    context: RunContext,
    worker_id: str,
    place: WorkerPlace,
    checkout: Checkout,
    session: str = "",
) -> Cell:
    """Where the worker's agent is put: one with a sandbox of its own in none, if it may choose.

    Raises:
        SandboxMissing: it is required and cannot be had.
        UsageError: the configuration does not say enough for this agent.
    """
    config = context.config.workers[worker_id]
    agent = driver(context.config.agents[config.agent].protocol)
    launch = agent.prepare(_task(context, worker_id, place, context.repository.root, session))
    environment = _environment(context, worker_id, place, context.repository.root, launch)
    home = home_of(environment)
    own = [path for folders in launch.state for path in folders.found(environment, home)]
    asked = left_to_itself(config.sandbox, launch)
    for path in own:
        if not path.suffix:  # inside it could not make its folder, as it does the first time
            storage.make_folder(path)
    settings = context.config.agents[config.agent]
    state = state_folders(settings.state, context.home)
    room = Room(worker_id, checkout, place.folder, place.temporary, writable=(place.outbox,))
    network = config.network == "on"
    return await cell(context, asked, room, network=network, state=(*own, *state))


def left_to_itself(asked: Sandbox, launch: Launch) -> Sandbox:
    """The sandbox for an agent: `auto` leaves one that brings its own to that."""
    return "self" if asked == "auto" and launch.own_sandbox else asked
