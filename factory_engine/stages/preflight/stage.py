"""The first stage: what can be known before a worker starts.

Owns the list of preconditions. `doctor` asks the same questions without a run. Changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import filelock
import psutil

from factory_engine import storage
from factory_engine.artifacts.names import INTEGRATOR
from factory_engine.checkouts.carried import Carried, find_carried
from factory_engine.config.locations import signing_key
from factory_engine.config.models import Config
from factory_engine.config.tasks import WorkerConfig
from factory_engine.errors import FactoryError
from factory_engine.escape import printable
from factory_engine.events import Draft, Finding
from factory_engine.git.conditions import RepositoryConditions
from factory_engine.git.process import MINIMUM_GIT, git_version
from factory_engine.git.repository import Repository
from factory_engine.provenance.keys import read_signing_key
from factory_engine.rules.scope import pattern_problems
from factory_engine.sandbox import Layer, describe, probe, secrets
from factory_engine.stages.context import RunContext, StageOutcome, carry_patterns
from factory_engine.stages.isolation import find_isolation, isolation_finding
from factory_engine.stages.preflight.agent_findings import is_there, program_findings
from factory_engine.stages.preflight.budget_findings import budget_findings
from factory_engine.stages.prepare import PrepareError, prepared, step_findings
from factory_engine.stages.sandboxed import home_of
from factory_engine.stages.summary.report import carried_words
from factory_engine.status import Status

MINIMUM_FREE = 64 << 20
COMFORTABLE_FREE = 1 << 30
NAMED_PATHS = 5


async def run_preflight(context: RunContext) -> StageOutcome:
    """Look at every precondition, record each; BLOCKED if one of them stands in the way."""
    planned = [plan.worker_id for plan in context.manifest.workers if plan.has_task]
    findings = await examine(
        context.repository,
        context.base,
        context.config,
        context.runs_dir,
        context.workspaces,
        environment=context.environment,
        programs=not context.manifest.dry_run,
        taking_part=planned,
    )
    if not planned and not context.manifest.dry_run:
        findings.append(
            Finding(
                "tasks",
                "block",
                "no worker has a task",
                "give one a command or a prompt under `workers`, or add --dry-run",
            )
        )
    if not context.manifest.dry_run and not any(one.level == "block" for one in findings):
        findings += await _unprepared(context)
    context.record(*(Draft(finding) for finding in findings))
    blocking = [finding for finding in findings if finding.level == "block"]
    if blocking:
        return StageOutcome(Status.BLOCKED, "; ".join(finding.message for finding in blocking))
    return StageOutcome(Status.PASS)


async def _unprepared(context: RunContext) -> list[Finding]:
    """Runs the steps that prepare base, before anybody is paid; what stands in the way."""
    try:
        await prepared(context, context.base)
    except PrepareError as error:
        name = f"prepare {printable(error.step.name)}"
        return [Finding(name, "block", f"PREPARE: {error.what}", error.advice)]
    return []


async def examine(
    repository: Repository,
    base: str,
    config: Config,
    runs_dir: Path,
    workspaces: Path,
    *,
    environment: Mapping[str, str],
    programs: bool = True,
    taking_part: Collection[str] | None = None,
) -> list[Finding]:
    """Every precondition in a fixed order, the ones that hold included.

    Args:
        environment: what the factory inherited.
        programs: whether programs are to be started; a dry run asks nothing about the machine
            that it does not need, so that its findings are the same on another one.
        taking_part: the workers whose programs are needed; None for all with a task.
    """
    conditions = await repository.conditions(base, excluded=[runs_dir])
    working = {
        worker_id: worker
        for worker_id, worker in sorted(config.workers.items())
        if worker.has_task and (taking_part is None or worker_id in taking_part)
    }
    return [
        await examine_git(),
        *_repository_findings(repository, conditions),
        *folder_findings(runs_dir, workspaces),
        *_signing_findings(config, (repository.root, runs_dir)),
        *_command_findings(working, repository.root, environment.get("PATH", "")),
        *(program_findings(config, working, repository.root, environment) if programs else ()),
        *(
            await _confinement_findings(repository, base, config, runs_dir, workspaces, environment)
            if programs
            else ()
        ),
        *budget_findings(config),
        *_scope_findings(config),
        *(await step_findings(repository.git, base, config.workspace.prepare, workspaces)),
    ]


async def examine_git() -> Finding:
    """Whether git is there and new enough."""
    try:
        version = await git_version()
    except FactoryError as error:
        return Finding("git", "block", error.what, error.advice)
    found, needed = (".".join(map(str, numbers)) for numbers in (version, MINIMUM_GIT[:2]))
    if version < MINIMUM_GIT:
        return Finding("git", "block", f"git {needed} is needed, found {found}", "install a newer")
    return Finding("git", "ok", f"git {found}")


def _signing_findings(config: Config, outside: Sequence[Path]) -> list[Finding]:
    """A key that is asked for must work before the first worker starts, not after the last."""
    path = signing_key(config)
    if path is None:
        return []
    try:
        read_signing_key(path, outside)
    except FactoryError as error:
        return [Finding("signing", "block", error.what, error.advice)]
    return [Finding("signing", "ok", "attestations are signed")]


def _repository_findings(repository: Repository, conditions: RepositoryConditions) -> list[Finding]:
    operation = conditions.operation_in_progress
    return [
        Finding(
            "operation",
            "block" if operation else "ok",
            f"a {operation} is in progress" if operation else "no merge or rebase in progress",
            "finish or abort it first" if operation else "",
        ),
        _named_paths(
            "work tree",
            conditions.dirty_paths,
            "clean",
            "not in base, no worker sees it",
            "commit it if the workers need it",
        ),
        _named_paths(
            "submodules",
            conditions.submodules,
            "none",
            "stays empty in every workspace",
            "scopes cannot reach into it",
        ),
        _named_paths(
            "filters",
            conditions.filtered_paths,
            "none",
            "a filter (LFS) is named for it and is not run: pointers stay pointers",
            "keep such files out of the scopes",
        ),
        Finding(
            "history",
            "block" if conditions.partial else "ok",
            "a partial clone: objects may be missing"
            if conditions.partial
            else ("a shallow clone" if conditions.shallow else "complete"),
            "fetch them with `git fetch --refetch --no-filter`" if conditions.partial else "",
        ),
        Finding(
            "index",
            "warn" if conditions.index_locked else "ok",
            "another git process holds .git/index.lock"
            if conditions.index_locked
            else "not locked",
            "a run does not need it; it is left alone" if conditions.index_locked else "",
        ),
    ]


def _named_paths(
    name: str, paths: Sequence[bytes], none: str, meaning: str, advice: str
) -> Finding:
    if not paths:
        return Finding(name, "ok", none)
    shown = ", ".join(printable(path) for path in paths[:NAMED_PATHS])
    more = f" and {len(paths) - NAMED_PATHS} more" if len(paths) > NAMED_PATHS else ""
    return Finding(name, "warn", f"{shown}{more}: {meaning}", advice)


def folder_findings(runs_dir: Path, workspaces: Path) -> list[Finding]:
    """Whether the folders take files, have room, and lock; in words that hold no path."""
    findings = []
    for name, folder in (("runs folder", runs_dir), ("workspaces folder", workspaces)):
        try:
            storage.make_folder(folder)
            storage.probe(folder)
        except FactoryError as error:
            findings.append(Finding(name, "block", error.what, error.advice))
            continue
        findings.append(_room(name, folder))
    findings.append(_locks(runs_dir))
    return findings


def _room(name: str, folder: Path) -> Finding:
    free = psutil.disk_usage(str(folder)).free
    megabytes = f"{free >> 20:,} MB free"
    if free < MINIMUM_FREE:
        return Finding(name, "block", f"no space: {megabytes}", "free some space")
    if free < COMFORTABLE_FREE:
        return Finding(name, "warn", f"little space: {megabytes}", "free some space")
    return Finding(name, "ok", "writable, with room")


def _locks(folder: Path) -> Finding:
    """A second handle must be refused, else two processes could drive one run."""
    path = folder / f"{storage.TEMPORARY_PREFIX}lock-probe-{os.getpid()}"
    first, second = (filelock.FileLock(path, timeout=0, is_singleton=False) for _ in range(2))
    try:
        with first:
            try:
                second.acquire()
            except filelock.Timeout:
                return Finding("locks", "ok", "work here")
            second.release()
    except (OSError, NotImplementedError) as error:
        return Finding("locks", "block", f"do not work here: {error}", "use a local disk")
    finally:
        with contextlib.suppress(OSError):
            storage.disk.unlink(path)
    return Finding("locks", "block", "are not safe here", "put the runs folder on a local disk")


async def _confinement_findings(
    repository: Repository,
    base: str,
    config: Config,
    runs_dir: Path,
    workspaces: Path,
    environment: Mapping[str, str],
) -> list[Finding]:
    """Where programs find their checkouts here, and what keeps them in there."""
    home = home_of(environment)
    layer = await asyncio.to_thread(probe, secrets(home))
    isolation = await find_isolation(repository, home, workspaces, runs_dir)
    patterns = {carry_patterns(config, owner) for owner in ("", INTEGRATOR)}
    every = [pattern for one in sorted(patterns) for pattern in one]
    carried = await find_carried(repository, base, every, (runs_dir, workspaces))
    return [
        _sandbox_finding(config, layer),
        isolation_finding(isolation, layer),
        *_carried_findings(carried, shown=isolation.mounts or layer.name == "bubblewrap"),
    ]


def _carried_findings(carried: Sequence[Carried], *, shown: bool) -> list[Finding]:
    """What of the operator's work tree programs find in their checkouts."""
    if not carried:
        return []
    words = carried_words([one.path for one in carried])
    if shown:
        return [Finding("carried", "ok", words)]
    told = f"{words}; it is in no checkout, since nothing can be mounted here"
    return [Finding("carried", "warn", told, "let the checks make what they need")]


def _sandbox_finding(config: Config, layer: Layer) -> Finding:
    """Which layer confines programs here, and whether what was asked for can be had."""
    asked = {w.sandbox: worker_id for worker_id, w in config.workers.items() if w.has_task}
    if config.integrator.checks:
        asked[config.integrator.sandbox] = "the integrator"
    if layer.name == "none" and asked.keys() & {"auto", "required"}:
        level: Literal["warn", "block"] = "block" if "required" in asked else "warn"
        return Finding("sandbox", level, describe(layer), "install bubblewrap")
    if "off" in asked:
        told = f"turned off for {asked['off']}, whose programs can write wherever you can"
        return Finding("sandbox", "warn", told, 'set "sandbox" to "auto"')
    return Finding("sandbox", "ok", describe(layer))


def _command_findings(
    working: Mapping[str, WorkerConfig], root: Path, search: str
) -> Iterable[Finding]:
    for worker_id, worker in working.items():
        if worker.command:
            yield _program_finding(worker_id, worker, root, search)


def _program_finding(worker_id: str, worker: WorkerConfig, root: Path, search: str) -> Finding:
    program = worker.command[0]
    name = f"{worker_id} program"
    relative = "/" in program or "\\" in program
    if is_there(program, root, search):
        return Finding(name, "ok", printable(program))
    where = "in the repository" if relative else "on the PATH"
    return Finding(
        name,
        "block",
        f"{printable(program)} was not found {where}",
        f"correct workers.{worker_id}.command",
    )


def _scope_findings(config: Config) -> Iterable[Finding]:
    for worker_id, worker in sorted(config.workers.items()):
        scope = worker.scope
        for problem in pattern_problems([*scope.allow, *scope.block, *scope.shared]):
            yield Finding(
                f"{worker_id} scope", "block", problem, f"correct workers.{worker_id}.scope"
            )
        if worker.has_task and not (scope.allow or scope.shared):
            yield Finding(
                f"{worker_id} scope",
                "warn",
                "allows nothing, so any change is out of scope",
                f"set workers.{worker_id}.scope.allow",
            )
