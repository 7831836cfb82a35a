"""One check: a named command with a time limit, a log and an `rc`.

Owns how a check is run, for workers and for Z alike. What a red check means is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.command.driver import last_words
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.artifacts.bundle import CheckResult
from factory_engine.artifacts.names import INTEGRATOR
from factory_engine.checkouts.carried import put_files
from factory_engine.checkouts.layer_record import Layer
from factory_engine.checkouts.provider import Checkout
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.config.tasks import CheckConfig
from factory_engine.events import CheckFinished, Draft, WorkerChecked
from factory_engine.processes.supervise import Finished, Program, run_program
from factory_engine.sandbox import Sandbox, Shown
from factory_engine.stages.context import RunContext
from factory_engine.stages.evidence import lacked, last_lines
from factory_engine.stages.isolation import IsolationKind
from factory_engine.stages.sandboxed import (
    ProgramFolders,
    SandboxedLaunch,
    doubting,
    limits_for,
    sandboxed_launch,
)

TIMED_OUT = 124  # what timeout(1) answers; a check that was stopped never counts as green


@dataclass(frozen=True)
class CheckEnd:
    """How a check ended.

    Args:
        result: what the bundle or the report says of it.
        log: the file with its output.
        isolation: what kept it from the operator's tree.
        layer: what confined it, in a word.
        ways_out: what led there all the same, each as a clause.
        last_words: the last line of a red one, for people; no verdict holds it, since another
            run may say it in other words.
        last_lines: the last few of a red one.
        lacked: what a red one did not have, in clauses.
    """

    result: CheckResult
    log: Path
    isolation: IsolationKind
    layer: str
    ways_out: tuple[str, ...] = ()
    last_words: str = ""
    last_lines: tuple[str, ...] = ()
    lacked: tuple[str, ...] = ()

    @property
    def kept_from_repository(self) -> bool:
        """Whether it cannot have changed the operator's repository in any way."""
        return self.isolation == "mount" and self.layer != "none"

    def draft(self, kind: type[WorkerChecked] | type[CheckFinished], owner: str) -> Draft:
        """The event that tells of it."""
        details = kind(
            name=self.result.name,
            required=self.result.required,
            status=self.result.status,
            detail=self.result.detail,
            last_words=self.last_words or None,
            last_lines=self.last_lines or None,
            lacked=self.lacked or None,
        )
        return Draft(details, owner, duration_ms=self.result.duration_ms, rc=self.result.rc)


@dataclass
class CheckRun:
    """A check and what it runs on.

    Args:
        check: what to run.
        owner: the worker, or `Z_integrator`, in whose logs the output lands.
        tree: full id of the tree whose files it gets, in a checkout of its own.
        area: a folder for that and its temporary files; it is removed afterwards.
        folder: what it may read of the workspaces folder.
        asked: the sandbox that its configuration asks for.
        environment: what it finds in its environment, by its working directory.
        writable: what it may change beside its checkout.
        state: the same outside of the folders of the run.
        log_name: the name of its log; derived from the check where empty.
        prepared: what steps have prepared for its checkout.
        harvest: takes what is wanted out of its checkout once it has ended well.
    """

    check: CheckConfig
    owner: str
    tree: str
    area: Path
    folder: Path
    asked: Sandbox
    environment: Callable[[Path], Mapping[str, str]]
    writable: tuple[Path, ...] = ()
    state: tuple[Path, ...] = ()
    log_name: str = ""
    prepared: tuple[Layer, ...] = ()
    harvest: Callable[[Checkout], None] | None = None


async def run_check(context: RunContext, run: CheckRun) -> CheckEnd:
    """Run a check to its end on a fresh checkout. A hanging check is ended at its limit.

    Raises:
        SandboxMissing: a sandbox is required and cannot be had.
        StorageError: the disk refused.
    """
    name = run.log_name or log_name(run.check.name)
    log = context.folder.live_log(run.owner, name)
    storage.make_folder(log.parent)
    await asyncio.to_thread(remove_workspace, run.area)
    try:
        checkout, sandbox = await _checked_out(context, run)
        program = Program(
            argv=tuple(run.check.run),
            cwd=sandbox.workspace,
            env=dict(run.environment(sandbox.workspace)),
            log=log,
            marker=context.marker(run.owner),
            workspace=run.area,
            head_bytes=context.config.run.log_head_bytes,
            tail_bytes=context.config.run.log_tail_bytes,
            timeout_s=run.check.timeout_s or context.config.run.check_timeout_s,
            grace_s=context.config.run.grace_s,
            limits=limits_for(context, run.area),
        )
        with doubting(context, sandbox):
            finished = await run_program(sandbox.around(program), clock=context.clock)
        finished = sandbox.translated(finished)
        out = await asyncio.to_thread(sandbox.ways_out, program)
        if run.harvest and finished.reason == "exited" and finished.rc == 0:
            await asyncio.to_thread(run.harvest, checkout)
    finally:
        await asyncio.to_thread(remove_workspace, run.area)
    result = _result_of(run.check, finished, name)
    ended = CheckEnd(result, log, sandbox.isolation, sandbox.layer.name, tuple(out))
    if result.rc == 0:
        return ended
    paths = WorkerPaths(sandbox.workspace, sandbox.workspace)
    return replace(
        ended,
        last_words=last_words(finished, paths),
        last_lines=await asyncio.to_thread(last_lines, log, paths),
        lacked=lacked(
            log=log,
            paths=paths,
            layer=sandbox.layer,
            network=run.check.reaches_network,
            inherited=context.environment,
            given=program.env,
        ),
    )


def _result_of(check: CheckConfig, finished: Finished, name: str) -> CheckResult:
    """What a bundle or the report says of a check that ended so."""
    rc = finished.rc if finished.reason == "exited" else finished.rc or TIMED_OUT
    return CheckResult(
        name=check.name,
        rc=rc,
        required=check.required,
        status="PASS" if rc == 0 else "BLOCKED",
        detail="" if rc == 0 else finished.detail,
        log=f"LOGS/{name}.log",
        duration_ms=finished.duration_ms,
    )


async def _checked_out(context: RunContext, run: CheckRun) -> tuple[Checkout, SandboxedLaunch]:
    """The files of the tree in the area, and where a program on them is put."""
    own = run.area.is_relative_to(context.folder.work)
    checkouts = await context.checkouts(context.runs_dir if own else context.workspaces)
    index = context.folder.index_file(f"{run.owner}-check")
    checkout = await checkouts.of(run.area, index, run.prepared)
    objects = context.folder.store / "objects"
    temporary = run.area / "tmp"
    storage.make_folder(temporary)
    folders = ProgramFolders(
        run.owner,
        checkout,
        folder=run.folder,
        # below the repository it is covered, and shown where a worker's would be
        temporary=run.folder / "tmp" if own else temporary,
        writable=run.writable,
        mounted=(
            Shown(objects, run.folder / "objects"),
            *([Shown(temporary, run.folder / "tmp", writable=True)] if own else []),
        ),
    )
    network = run.check.reaches_network
    sandbox = await sandboxed_launch(context, run.asked, folders, network=network, state=run.state)
    await checkouts.make_tree(checkout, run.tree, (sandbox.seen(objects),))
    carried = await context.carried(run.owner)
    await asyncio.to_thread(put_files, context.repository.root, checkout.top, carried)
    return checkout, sandbox


def integrator_variables(context: RunContext, workspace: Path) -> dict[str, str]:
    """What the factory tells each program of Z, or of a step that prepares, about itself."""
    return {
        "FACTORY_RUN_ID": context.manifest.run_id,
        "FACTORY_WORKER_ID": INTEGRATOR,
        "FACTORY_BASE": context.base,
        "FACTORY_PORT_BASE": str(context.ports.base_of(INTEGRATOR)),
        # it must find no other repository above its checkout
        "GIT_CEILING_DIRECTORIES": str(workspace.parent),
    }


def log_name(check: str) -> str:
    """A file name for a check's log, whatever its name holds."""
    return "check-" + (re.sub(r"[^A-Za-z0-9_-]+", "-", check).strip("-")[:60] or "unnamed")
