"""The required and optional checks on the merged tree, and who is to blame for a red one.

Owns Z's checkout under the run folder and the comparison of the user's repository before and
after: whatever a check command does, a write outside the run folder shows.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.environment import worker_environment
from factory_engine.artifacts.bundle import CheckResult
from factory_engine.artifacts.integrator import Violation
from factory_engine.config.tasks import CheckConfig
from factory_engine.events import INTEGRATOR, Draft, EventType
from factory_engine.git.checkout import checkout_tree
from factory_engine.git.merge import merge_trees
from factory_engine.git.removal import remove_workspace
from factory_engine.git.snapshot import Snapshot, differences
from factory_engine.rules.codes import Code
from factory_engine.run_folder import MANIFEST
from factory_engine.stages.checks import CheckEnd, CheckRun, log_name, run_check
from factory_engine.stages.confined import cell
from factory_engine.stages.context import RunContext
from factory_engine.stages.strays import repository_now

LISTED_WRITES = 20
LARGEST_SEARCH = 2  # which worker alone, else which pair; beyond that it takes all of them


@dataclass(frozen=True)
class Checked:
    """What the checks on the merged tree said."""

    results: tuple[CheckResult, ...] = ()
    violations: tuple[Violation, ...] = ()
    culprits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    logs: tuple[tuple[str, Path], ...] = ()


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
    before = await _surroundings(context)
    results, violations, logs = [], [], []
    for check in checks:
        context.record(Draft(EventType.CHECK_STARTED, INTEGRATOR, {"name": check.name}))
        ended = await _run_on(context, tree, check, log_name(check.name))
        result = ended.result
        results.append(result)
        logs.append((ended.log.stem, ended.log))
        context.record(ended.draft(EventType.CHECK_FINISHED, INTEGRATOR))
        if result.required and result.rc != 0:
            violations.append(
                Violation(
                    code=Code.CHECK,
                    worker_id=INTEGRATOR,
                    message=f"{check.name} {result.detail}",
                )
            )
    culprits = {
        check.name: await _culprits(context, check, contributions)
        for check, result in zip(checks, results, strict=True)
        if result.required and result.rc != 0
    }
    violations += _outside_writes(before, await _surroundings(context))
    await asyncio.to_thread(remove_workspace, context.folder.merged)
    return Checked(tuple(results), tuple(violations), culprits, tuple(logs))


async def _run_on(context: RunContext, tree: str, check: CheckConfig, name: str) -> CheckEnd:
    """Run `check` in a fresh checkout of `tree`."""
    store = await context.store()
    await asyncio.to_thread(remove_workspace, context.folder.merged)
    index = context.folder.index_file(INTEGRATOR)
    storage.make_folder(index.parent)
    await checkout_tree(store, tree, context.folder.merged, index, context.base)
    environment = worker_environment(
        context.environment,
        pass_env=(),
        set_env={},
        factory={
            "FACTORY_RUN_ID": context.manifest.run_id,
            "FACTORY_WORKER_ID": INTEGRATOR,
            "FACTORY_BASE": context.base,
            # a check must never find the user's repository above Z's checkout
            "GIT_CEILING_DIRECTORIES": str(context.folder.work),
        },
    )
    temporary = context.folder.work / "tmp"
    await asyncio.to_thread(remove_workspace, temporary)
    kept_in = await cell(
        context,
        context.config.integrator.sandbox,
        folder=context.workspaces / "store.git",
        writable=(context.folder.merged,),
        temporary=temporary,
        network=check.reaches_network,
        state=context.config.integrator.state,
    )
    run = CheckRun(check, INTEGRATOR, context.folder.merged, environment, kept_in, name)
    try:
        return await run_check(context, run)
    finally:
        await asyncio.to_thread(remove_workspace, temporary)


async def _culprits(
    context: RunContext, check: CheckConfig, contributions: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """The smallest set of workers whose changes make `check` fail; empty if base fails already.

    Sets are tried by size, then in the order of worker ids; a set of all workers is known to fail
    and is not tried again.
    """
    everyone = tuple(worker_id for worker_id, _ in contributions)
    found = everyone
    store = await context.store()
    for size in range(min(LARGEST_SEARCH, len(everyone) - 1) + 1):
        for subset in itertools.combinations(contributions, size):
            merged = await merge_trees(store.git, context.base, subset)
            if merged.tree is None:
                continue  # a conflict between these cannot happen where all of them merged
            name = "-".join([f"search-{check.name}", *(worker[0] for worker, _ in subset)])
            ended = await _run_on(context, merged.tree, check, log_name(name))
            if ended.result.rc != 0:
                found = tuple(worker_id for worker_id, _ in subset)
                break
        else:
            continue
        break
    details = {"check": check.name, "workers": list(found)}
    context.record(Draft(EventType.CULPRIT_SEARCHED, INTEGRATOR, details))
    return found


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


def _outside_writes(before: _Surroundings, after: _Surroundings) -> list[Violation]:
    changed = list(differences(before.repository, after.repository))
    for relative in sorted(before.artifacts.keys() | after.artifacts.keys()):
        if before.artifacts.get(relative) != after.artifacts.get(relative):
            changed.append(f"{relative} of this run changed")
    shown = changed[:LISTED_WRITES]
    if len(changed) > LISTED_WRITES:
        shown.append(f"and {len(changed) - LISTED_WRITES} more")
    return [
        Violation(
            code=Code.Z_WRITE,
            worker_id=INTEGRATOR,
            message=f"while the checks ran: {change}, by a check or by somebody else",
        )
        for change in shown
    ]
