"""The fourth stage: N bundles into one tree, that tree checked, the whole judged.

Owns the order: validate again, overlap, merge, artifacts, checks with the repository's state
compared around them, culprits. Writes only below the run folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from factory_engine.artifacts.bundle import Change, FilesChanged
from factory_engine.artifacts.integrator import ConflictRecord, Violation
from factory_engine.artifacts.names import FILES_CHANGED, LOG_INDEX, MERGE_PLAN
from factory_engine.artifacts.violations import Code
from factory_engine.events import INTEGRATOR, Draft, IntegrationJudged, MergeFinished
from factory_engine.git.merge import Merged, merge_trees
from factory_engine.rules.overlap import overlaps
from factory_engine.rules.scope import ScopeRules
from factory_engine.stages.bundle_writer import changes_to, counts_of, write_logs, write_patch
from factory_engine.stages.context import RunContext, StageOutcome
from factory_engine.stages.integrate.merged_checks import Checked, check_merged
from factory_engine.stages.integrate.merged_tree import judge_merged
from factory_engine.stages.summary.report import PlanFacts, merge_plan
from factory_engine.stages.summary.stage import Judgement
from factory_engine.stages.validate.base_tree import BaseTree
from factory_engine.stages.validate.stage import (
    Amend,
    JudgedBundle,
    blocking_reason,
    event_violations,
    judge_all,
    tampered,
)
from factory_engine.status import Status


@dataclass(frozen=True)
class Integration:
    """The outcome of the stage, and what the summary needs to know."""

    outcome: StageOutcome
    judgement: Judgement


async def run_integrate(
    context: RunContext,
    amend: Amend | None = None,
    known: Sequence[JudgedBundle] = (),
) -> Integration:
    """Judge, merge, check.

    Args:
        context: the run.
        amend: which edited scope locks are to count, and why.
        known: the verdicts of a validation just before; they stand where nothing changed since.

    Returns:
        PASS only where every bundle is valid, nothing overlaps or conflicts, every required check
        is green on the merged tree and nothing was written outside the run folder.
    """
    started_at = context.clock.timestamp()
    context.clear_bundle(INTEGRATOR)
    bundles = await judge_all(context, amend, known)
    violations = [violation for bundle in bundles for violation in bundle.violations]
    violations += await _overlaps(context, bundles)
    merged = await _merge(context, bundles, violations)
    changes = await _write_artifacts(context, bundles, merged, violations)
    checked = Checked()
    if merged is not None and merged.tree is not None:
        checked = await check_merged(context, merged.tree, _contributions(bundles))
        violations += checked.violations
    index = write_logs(context, INTEGRATOR, checked.logs)
    context.writer.write(f"{INTEGRATOR}/{LOG_INDEX}", index.to_bytes())
    violations += tampered(context, INTEGRATOR)
    violations = sorted(set(violations), key=Violation.sort_key)
    outcome = _outcome(violations)
    context.record(_judged(outcome, violations, context.folder.digests(INTEGRATOR)))
    judgement = Judgement(
        violations=tuple(violations),
        conflicts=_conflict_records(merged),
        checks=checked.results,
        culprits=checked.culprits,
        changes=tuple(changes),
        tree=(merged.tree or "") if merged else "",
        started_at=started_at,
        isolation=checked.isolation,
        prepared=checked.prepared,
        carried=await context.carried(INTEGRATOR) if checked.results else (),
    )
    return Integration(outcome, judgement)


def _outcome(violations: Sequence[Violation]) -> StageOutcome:
    if any(violation.severity == "error" for violation in violations):
        return StageOutcome(Status.BLOCKED, blocking_reason(violations))
    return StageOutcome(Status.PASS)


def _judged(
    outcome: StageOutcome, violations: Sequence[Violation], hashes: dict[str, str]
) -> Draft:
    own = [violation for violation in violations if violation.worker_id in ("", INTEGRATOR)]
    return Draft(
        IntegrationJudged(
            outcome.status, outcome.reason or "", event_violations(own), total=len(violations)
        ),
        INTEGRATOR,
        hashes=hashes,
    )


async def _overlaps(context: RunContext, bundles: Sequence[JudgedBundle]) -> list[Violation]:
    changed = {b.worker_id: [c.path for c in b.changes] for b in bundles if b.changes}
    if not changed:
        return []
    base = BaseTree(context)
    rules = {b.worker_id: ScopeRules.from_lock(b.lock) for b in bundles}
    return overlaps(
        {b.worker_id: b.changes for b in bundles if b.changes},
        lambda worker_id, path: rules[worker_id].shared(path),
        await base.index(),
    )


def _contributions(bundles: Sequence[JudgedBundle]) -> list[tuple[str, str]]:
    return [(b.worker_id, b.tree) for b in bundles if b.changes and b.tree is not None]


async def _merge(
    context: RunContext, bundles: Sequence[JudgedBundle], violations: list[Violation]
) -> Merged | None:
    """The merged tree; None while errors stand in the way. Adds conflicts to `violations`."""
    if any(violation.severity == "error" for violation in violations):
        return None
    contributions = _contributions(bundles)
    if not contributions and context.manifest.dry_run:
        return Merged(tree=None, conflicts=())  # nothing to merge, nothing to check
    merged = await merge_trees((await context.store()).git, context.base, contributions)
    as_a_whole = await judge_merged(context, bundles, merged, violations)
    violations += as_a_whole
    if any(violation.severity == "error" for violation in as_a_whole):
        return None  # nobody should get hold of this tree
    violations += [
        Violation(
            code=Code.CONFLICT,
            worker_id=INTEGRATOR,
            path=conflict.path.decode("utf-8", "surrogateescape"),
            message=f"{' and '.join(conflict.workers)} changed it in ways that do not merge",
        )
        for conflict in merged.conflicts
    ]
    return merged


async def _write_artifacts(
    context: RunContext,
    bundles: Sequence[JudgedBundle],
    merged: Merged | None,
    violations: Sequence[Violation],
) -> list[Change]:
    """Z's DIFF.patch, FILES_CHANGED.json and MERGE_PLAN.md; what Z changes, by whom."""
    tree = merged.tree if merged else None
    await write_patch(context, INTEGRATOR, tree)
    owners = _owners(bundles)
    changes = await changes_to(context, tree, lambda path: ", ".join(owners.get(path, ["merged"])))
    run_id = context.manifest.run_id
    claims = FilesChanged(run_id=run_id, owner=INTEGRATOR, changes=changes)
    errors = sum(violation.severity == "error" for violation in violations)
    contributing = [bundle for bundle in bundles if bundle.changes]
    plan = PlanFacts(
        base_commit=context.base,
        order=[bundle.worker_id for bundle in contributing],
        changes={
            bundle.worker_id: [_text(change.path) for change in bundle.changes]
            for bundle in contributing
        },
        shared={path: ids for path, ids in owners.items() if len(ids) > 1} if tree else {},
        tree=tree or "",
        obstacle=f"{errors} problem{'s stand' if errors != 1 else ' stands'} in the way"
        if errors
        else "",
    )
    for name, data in (
        (FILES_CHANGED, claims.to_bytes()),
        (MERGE_PLAN, merge_plan(plan).encode()),
    ):
        context.writer.write(f"{INTEGRATOR}/{name}", data)
    if merged is not None:
        context.record(
            Draft(
                MergeFinished(
                    order=tuple(plan.order),
                    shared=tuple(sorted(plan.shared)),
                    conflicts=tuple(_text(conflict.path) for conflict in merged.conflicts),
                ),
                INTEGRATOR,
                file_counts=counts_of(changes),
                hashes={"tree": tree} if tree else {},
            )
        )
    return changes


def _owners(bundles: Sequence[JudgedBundle]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for bundle in bundles:
        for change in bundle.changes:
            owners.setdefault(_text(change.path), []).append(bundle.worker_id)
    return owners


def _conflict_records(merged: Merged | None) -> tuple[ConflictRecord, ...]:
    if merged is None:
        return ()
    return tuple(
        ConflictRecord(
            path=_text(conflict.path),
            workers=list(conflict.workers),
            kind=conflict.kind,
            hunks=conflict.hunks,
        )
        for conflict in merged.conflicts
    )


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
