"""The required and optional checks on the merged tree, and who is to blame for a red one.

Owns Z's checkout under the run folder and the comparison of the user's repository before and
after: whatever a check command does, a write outside the run folder shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from factory_engine.artifacts.bundle import CheckResult
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.names import MANIFEST
from factory_engine.artifacts.violations import Code
from factory_engine.checkouts.layer_record import Layer
from factory_engine.config.tasks import CheckConfig
from factory_engine.events import INTEGRATOR, CheckFinished, CheckStarted, Draft
from factory_engine.git.snapshot import Snapshot, differences
from factory_engine.stages.baseline import on_base, red_violation
from factory_engine.stages.checks import CheckEnd, log_name
from factory_engine.stages.context import RunContext
from factory_engine.stages.integrate.culprits import find_culprits
from factory_engine.stages.integrator_check import run_on
from factory_engine.stages.isolation import IsolationKind
from factory_engine.stages.launch.worker_folder import WorkerFolder, remove_worker_folder
from factory_engine.stages.prepare import PrepareError, prepared
from factory_engine.stages.repository_watch import repository_now

LISTED_WRITES = 20
LISTED_WAYS = 5
_WORST: tuple[IsolationKind, ...] = ("mount", "landlock", "none")


@dataclass(frozen=True)
class Checked:
    """What the checks on the merged tree said."""

    results: tuple[CheckResult, ...] = ()
    violations: tuple[Violation, ...] = ()
    culprits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    logs: tuple[tuple[str, Path], ...] = ()
    isolation: IsolationKind | Literal[""] = ""
    prepared: tuple[Layer, ...] = ()


async def check_merged(
    context: RunContext, tree: str, contributions: Sequence[tuple[str, str]]
) -> Checked:
    """Run every configured check on `tree`, then look for the culprit of each red required one.

    Args:
        context: the run.
        tree: the merged tree.
        contributions: worker ids and the tree of each that changed something.
    """
    checks = context.config.integrator.checks
    if not checks:
        return Checked()
    context.layers.doubt()
    try:
        layers = await prepared(context, tree)
    except PrepareError as error:
        return _unprepared(error)
    before = await _surroundings(context)
    results, violations, logs, ends = [], [], [], []
    for check in checks:
        context.record(Draft(CheckStarted(check.name), INTEGRATOR))
        ended = await run_on(context, tree, check, log_name(check.name))
        violations += _not_evidence(context, ended)
        ended, judged = await _judged(context, check, ended)
        violations += judged
        results.append(ended.result)
        ends.append(ended)
        logs.append((ended.log.stem, ended.log))
        context.record(ended.draft(CheckFinished, INTEGRATOR))
    culprits = {}
    for check, result in zip(checks, results, strict=True):
        if result.required and result.rc != 0:
            blamed = await find_culprits(context, check, tree, contributions)
            if blamed is not None:
                culprits[check.name] = blamed
    violations += _outside_writes(before, await _surroundings(context), ends)
    await asyncio.to_thread(remove_worker_folder, WorkerFolder(context.worker_folder(INTEGRATOR)))
    isolation = max((ended.isolation for ended in ends), key=_WORST.index)
    return Checked(tuple(results), tuple(violations), culprits, tuple(logs), isolation, layers)


def _unprepared(error: PrepareError) -> Checked:
    """No check has run: what they were to run with could not be made."""
    logs = ((error.end.log.stem, error.end.log),) if error.end else ()
    violation = Violation(code=Code.PREPARE, worker_id=INTEGRATOR, message=error.what)
    return Checked(violations=(violation,), logs=logs)


async def _judged(
    context: RunContext, check: CheckConfig, ended: CheckEnd
) -> tuple[CheckEnd, list[Violation]]:
    """The end as it counts, and what is wrong with it.

    A required check that is known to be red on base says nothing of what changed: it counts as an
    optional one.
    """
    result = ended.result
    if not result.required or result.rc == 0:
        return ended, []
    if context.config.integrator.baseline == "known-red":
        base = await on_base(context, check)
        if base.rc != 0:
            detail = f"{result.detail}, as on base"
            counted = result.model_copy(update={"required": False, "detail": detail})
            return replace(ended, result=counted), [red_violation(base, blocks=False)]
    message = f"{check.name} {result.detail}"
    return ended, [Violation(code=Code.CHECK, worker_id=INTEGRATOR, message=message)]


def _not_evidence(context: RunContext, ended: CheckEnd) -> list[Violation]:
    """A required check that can reach the operator's tree may have run other code than this."""
    if not (ended.ways_out and ended.result.required):
        return []
    taken = context.config.integrator.isolation == "warn"
    shown = ", ".join(ended.ways_out[:LISTED_WAYS])
    more = len(ended.ways_out) - LISTED_WAYS
    named = f"{shown} and {more} more" if more > 0 else shown
    return [
        Violation(
            code=Code.ENVIRONMENT,
            severity="warning" if taken else "error",
            worker_id=INTEGRATOR,
            message=f"{ended.result.name} could run your own work tree's code, by way of {named}",
        )
    ]


@dataclass(frozen=True)
class _Surroundings:
    """What no check may change: the user's repository, and the bundles it is judged by."""

    repository: Snapshot
    artifacts: dict[str, str]


async def _surroundings(context: RunContext) -> _Surroundings:
    snapshot = await repository_now(context)
    artifacts = {
        relative: context.folder.sha256(relative)
        for relative in context.folder.artifacts()
        if "_worker/" in relative or relative == MANIFEST
    }
    return _Surroundings(snapshot, artifacts)


def _outside_writes(
    before: _Surroundings, after: _Surroundings, ends: Sequence[CheckEnd]
) -> list[Violation]:
    """What changed that no check may change; whose doing it was where that can be known.

    A program in a layer that did not have the repository cannot have changed it.
    """
    harmless = all(ended.kept_from_repository for ended in ends)
    changed = differences(before.repository, after.repository)
    violations = _write_violations(
        changed, "somebody else" if harmless else "a check or somebody else", harmless
    )
    other = [
        f"{relative} of this run changed"
        for relative in sorted(before.artifacts.keys() | after.artifacts.keys())
        if before.artifacts.get(relative) != after.artifacts.get(relative)
    ]
    return violations + _write_violations(other, "a check or somebody else", harmless=False)


def _write_violations(changes: Sequence[str], whose: str, harmless: bool) -> list[Violation]:
    shown = list(changes[:LISTED_WRITES])
    if len(changes) > LISTED_WRITES:
        shown.append(f"and {len(changes) - LISTED_WRITES} more")
    return [
        Violation(
            code=Code.Z_WRITE,
            severity="warning" if harmless else "error",
            worker_id=INTEGRATOR,
            message=f"while the checks ran: {change}, by {whose}",
        )
        for change in shown
    ]
