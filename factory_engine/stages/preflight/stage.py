"""The first stage: what can be known before a worker starts.

Owns the list of preconditions. `doctor` asks the same questions without a run. Changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import filelock
import psutil

from factory_engine import storage
from factory_engine.artifacts.names import INTEGRATOR
from factory_engine.checkouts.carried import Carried, find_carried
from factory_engine.config.locations import signing_key
from factory_engine.config.models import Config
from factory_engine.errors import FactoryError
from factory_engine.escape import printable
from factory_engine.events import Draft, Finding
from factory_engine.git.process import MINIMUM_GIT, git_version
from factory_engine.git.repository import Repository
from factory_engine.provenance.keys import read_signing_key
from factory_engine.sandbox import Layer, probe, secrets
from factory_engine.stages.context import RunContext, StageOutcome, carry_patterns
from factory_engine.stages.isolation import Isolation, find_isolation, isolation_finding
from factory_engine.stages.preflight.agent_findings import program_findings
from factory_engine.stages.preflight.budget_findings import budget_findings
from factory_engine.stages.preflight.command_findings import (
    Command,
    command_findings,
    commands_of,
)
from factory_engine.stages.preflight.confinement_findings import carried_findings, sandbox_finding
from factory_engine.stages.preflight.lookup import Lookup
from factory_engine.stages.preflight.repository_findings import repository_findings
from factory_engine.stages.preflight.task_findings import (
    prompt_findings,
    scope_findings,
    task_findings,
)
from factory_engine.stages.preflight.variable_findings import variable_findings
from factory_engine.stages.prepare import PrepareError, prepared, step_findings
from factory_engine.stages.sandboxed import home_of
from factory_engine.status import Status

MINIMUM_FREE = 64 << 20
COMFORTABLE_FREE = 1 << 30


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
    findings = [
        await examine_git(),
        *repository_findings(conditions),
        *folder_findings(runs_dir, workspaces),
        *_signing_findings(config, (repository.root, runs_dir)),
        *(task_findings(config) if taking_part is None else ()),
    ]
    if programs:
        confined = await _confinement(repository, runs_dir, workspaces, home_of(environment))
        prepared_folders = [repository.root / path for path in config.workspace.outputs]
        excluded = (runs_dir, workspaces, *prepared_folders)
        carried = await _carried(repository, base, config, excluded)
        every = sorted({one for some in carried.values() for one in some}, key=lambda one: one.path)
        commands = commands_of(config, working, environment)
        shown = carried if confined.shows_carried else {}
        findings += [
            *await _command_findings(repository, base, commands, shown, config),
            *program_findings(config, working, repository.root, environment),
            *variable_findings(config, working, environment),
            sandbox_finding(config, confined.layer),
            isolation_finding(confined.isolation, confined.layer),
            *carried_findings(every, shown=confined.shows_carried),
        ]
    return [
        *findings,
        *budget_findings(config),
        *prompt_findings(working, repository.root),
        *await scope_findings(config, working, repository, base),
        *await step_findings(repository.git, base, config.workspace.prepare, workspaces),
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


@dataclass(frozen=True)
class _Confinement:
    """What keeps programs in their checkouts here, and what they find there, by owner."""

    layer: Layer
    isolation: Isolation

    @property
    def shows_carried(self) -> bool:
        """Whether a folder can be shown in a checkout without copying all of it."""
        return self.isolation.mounts or self.layer.name == "bubblewrap"


async def _confinement(
    repository: Repository, runs_dir: Path, workspaces: Path, home: Path
) -> _Confinement:
    layer = await asyncio.to_thread(probe, secrets(home))
    return _Confinement(layer, await find_isolation(repository, home, workspaces, runs_dir))


async def _carried(
    repository: Repository, base: str, config: Config, excluded: Sequence[Path]
) -> dict[str, tuple[Carried, ...]]:
    """What of the operator's work tree is carried, for workers (an empty name) and for Z."""
    by_patterns: dict[tuple[str, ...], tuple[Carried, ...]] = {}
    by_owner = {}
    for owner in ("", INTEGRATOR):
        patterns = carry_patterns(config, owner)
        if patterns not in by_patterns:
            by_patterns[patterns] = await find_carried(repository, base, patterns, excluded)
        by_owner[owner] = by_patterns[patterns]
    return by_owner


async def _command_findings(
    repository: Repository,
    base: str,
    commands: Sequence[Command],
    put_in: Mapping[str, Sequence[Carried]],
    config: Config,
) -> list[Finding]:
    """Whether each command finds its program in base or in what is put in beside it."""
    known = await Lookup.of(repository, base, [command.asked for command in commands])
    known = replace(known, made=tuple(one.rstrip("/") for one in config.workspace.outputs))
    findings: list[Finding] = []
    for command in commands:
        carried = put_in.get("" if command.of_worker else INTEGRATOR, ())
        lookup = replace(known, put_in=tuple(one.path for one in carried))
        findings += command_findings(command, lookup)
    return findings
