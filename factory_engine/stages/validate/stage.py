"""The third stage: each bundle against the plan, the schemas, and what its patch really yields.

Owns the I/O of judging: reads the artifacts as foreign files, lets git apply the patch to a
scratch index, gathers facts. The verdict itself is `rules.bundle`'s.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from factory_engine import storage
from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.names import DIFF, SCOPE_LOCK
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.artifacts.violations import Code
from factory_engine.artifacts.violations import violation as violation_of
from factory_engine.escape import printable
from factory_engine.events import (
    OPERATOR,
    BundleJudged,
    Draft,
    LockAmended,
    LockPatterns,
    RecordedViolation,
)
from factory_engine.git.apply import Applied, apply_patch
from factory_engine.git.concurrent import together
from factory_engine.git.diff import TreeChange
from factory_engine.operator_name import operator_name
from factory_engine.patch.reader import read_patch
from factory_engine.rules.bundle import BundleFacts, judge_bundle, may_apply
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.stages.context import RunContext, StageOutcome
from factory_engine.stages.validate.base_tree import BaseTree
from factory_engine.stages.validate.bundle_files import MAX_TEXT_BYTES, extra_files, read_artifacts
from factory_engine.status import Status

EVENT_VIOLATIONS = 50
APPLY_TIMEOUT_S = 120.0
NOT_APPLIED = Applied(tree=None, rejection="", offsets=())


@dataclass(frozen=True)
class JudgedBundle:
    """A bundle after judging: what it changes, in which tree, and what is wrong with it.

    `digests` and `lock` are what was judged; `counts` the files, insertions and deletions.
    """

    worker_id: str
    lock: ScopeLock
    digests: dict[str, str]
    tree: str | None
    changes: tuple[TreeChange, ...]
    violations: tuple[Violation, ...]
    counts: dict[str, int]

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations that block."""
        return tuple(v for v in self.violations if v.severity == "error")

    @property
    def status(self) -> Status:
        """BLOCKED where there is an error."""
        return Status.BLOCKED if self.errors else Status.PASS


@dataclass(frozen=True)
class Validation:
    """The outcome of the stage, and every bundle as it was judged."""

    outcome: StageOutcome
    bundles: tuple[JudgedBundle, ...]


async def run_bundle_validate(context: RunContext, amend: Amend | None = None) -> Validation:
    """Judge every bundle and record each verdict. BLOCKED if one of them has an error."""
    bundles = await judge_all(context, amend)
    errors = [violation for bundle in bundles for violation in bundle.errors]
    outcome = StageOutcome(Status.BLOCKED if errors else Status.PASS, blocking_reason(errors))
    return Validation(outcome, bundles)


def violations_of(bundles: Sequence[JudgedBundle]) -> tuple[Violation, ...]:
    """Everything that is wrong with any of `bundles`, in the order of every list."""
    found = {violation for bundle in bundles for violation in bundle.violations}
    return tuple(sorted(found, key=Violation.sort_key))


def blocking_reason(violations: Sequence[Violation]) -> str:
    """One line for a list of violations: the first errors, and how many more there are."""
    errors = [violation for violation in violations if violation.severity == "error"]
    named = []
    for violation in errors[:3]:
        where = " ".join(part for part in (violation.worker_id, violation.path) if part)
        named.append(f"{violation.code} {where}".strip())
    more = f" and {len(errors) - 3} more" if len(errors) > 3 else ""
    return ", ".join(named) + more


async def judge_all(
    context: RunContext,
    amend: Amend | None = None,
    known: Sequence[JudgedBundle] = (),
) -> tuple[JudgedBundle, ...]:
    """Every bundle of the run, in the order of worker ids, each new verdict recorded.

    Args:
        context: the run.
        amend: which edited scope locks are to count, and why.
        known: verdicts of before; one stands where neither the bundle nor its lock has changed.
    """
    if amend is not None:
        amend_locks(context, amend)
    base = BaseTree(context)
    before = {bundle.worker_id: bundle for bundle in known}
    async with together() as group:
        tasks = [
            group.create_task(_judge(context, plan.worker_id, base, before.get(plan.worker_id)))
            for plan in context.manifest.workers
        ]
    judged = tuple(task.result() for task in tasks)
    context.record(*(_judged(bundle) for bundle in judged if bundle not in known))
    return judged


def _judged(bundle: JudgedBundle) -> Draft:
    return Draft(
        BundleJudged(
            status=bundle.status,
            reason=_reason(bundle.errors),
            tree=bundle.tree or "",
            violations=event_violations(bundle.violations),
            total=len(bundle.violations),
        ),
        bundle.worker_id,
        file_counts=bundle.counts,
        hashes=bundle.digests,
    )


def _reason(errors: Sequence[Violation]) -> str:
    """Why one bundle is blocked, in one line: its first error in full."""
    if not errors:
        return ""
    first = errors[0]
    subject = " ".join(part for part in (first.code, printable(first.path)) if part)
    words = first.message if first.code == Code.WORKER else f"{subject}: {first.message}"
    return words + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")


def event_violations(violations: Sequence[Violation]) -> tuple[RecordedViolation, ...]:
    """The first violations as an event carries them; the whole list is in Z's STATUS.json."""
    return tuple(
        RecordedViolation(
            code=violation.code,
            severity=violation.severity,
            worker_id=violation.worker_id,
            path=violation.path,
            message=violation.message,
        )
        for violation in violations[:EVENT_VIOLATIONS]
    )


@dataclass(frozen=True)
class Amend:
    """An operator's word that edited scope locks are the ones that count.

    Args:
        reason: why.
        workers: whose; the edited locks of all others stay refused.
    """

    reason: str
    workers: tuple[str, ...]


def edited_locks(
    folder: RunFolder, issued: Mapping[str, ScopeLock]
) -> dict[str, tuple[ScopeLock, ScopeLock]]:
    """The issued lock and the one in the bundle of each worker for which they differ.

    A lock that cannot be read is left to the judging.
    """
    locks = {}
    for worker_id, lock in sorted(issued.items()):
        try:
            data = folder.read(f"{worker_id}/{SCOPE_LOCK}", MAX_TEXT_BYTES)
            edited = ScopeLock.from_bytes(data)
        except (Unreadable, JsonProblem):
            continue
        if edited != lock and edited.worker_id == worker_id:
            locks[worker_id] = (lock, edited)
    return locks


def amend_locks(context: RunContext, amend: Amend) -> None:
    """Make the edited locks of the named workers the ones that count; the ledger says who, why."""
    workers = [plan.worker_id for plan in context.manifest.workers]
    issued = {worker_id: context.issued_lock(worker_id) for worker_id in workers}
    for worker_id, (old, new) in edited_locks(context.folder, issued).items():
        if worker_id in amend.workers:
            details = LockAmended(
                worker_id, amend.reason, old=_patterns(old), new=_patterns(new), who=operator_name()
            )
            context.record(Draft(details, OPERATOR))


def _patterns(lock: ScopeLock) -> LockPatterns:
    return LockPatterns(
        allowed_globs=tuple(lock.allowed_globs),
        blocked_globs=tuple(lock.blocked_globs),
        allow_shared_paths=tuple(lock.allow_shared_paths),
    )


def tampered(context: RunContext, owner: str) -> list[Violation]:
    """TAMPERED for each file that is not as this very process wrote it a moment ago.

    A bundle that an operator has mended meanwhile is another process' to judge.
    """
    message = "is not what the factory wrote; a program without a sandbox can have changed it"
    return [
        violation_of(Code.TAMPERED, message, worker_id=owner, path=path)
        for path in context.changed_since_written(owner)
    ]


async def _judge(
    context: RunContext, worker_id: str, base: BaseTree, known: JudgedBundle | None
) -> JudgedBundle:
    lock = context.issued_lock(worker_id)
    digests = context.folder.digests(worker_id)
    if known is not None and (known.lock, known.digests) == (lock, digests):
        return known
    max_files = context.config.policy.max_files
    artifacts = read_artifacts(context.folder, worker_id, max_files)
    patch = artifacts[DIFF]
    reading = read_patch(patch if isinstance(patch, bytes) else b"", max_files)
    applied = NOT_APPLIED
    if isinstance(patch, bytes) and patch and may_apply(reading, context.config.policy):
        applied = await _apply(context, worker_id, patch)
    changes = await base.changes(applied.tree)
    contents = await base.contents(changes)
    verdict = judge_bundle(
        BundleFacts(
            worker_id=worker_id,
            run_id=context.manifest.run_id,
            issued_lock=lock,
            artifacts=artifacts,
            base=await base.index(needed=bool(patch)),
            changes=changes,
            rejection=applied.rejection,
            offsets=applied.offsets,
            sha256_of=contents.sha256,
            sizes=contents.sizes,
            contents=contents.kept,
            policy=context.config.policy,
            runs_dir=runs_dir_of(context),
            required_checks=_required_checks(context, worker_id),
            extras=extra_files(context.folder, worker_id),
            reading=reading,
        )
    )
    claims = verdict.claims.changes if verdict.claims is not None else []
    return JudgedBundle(
        worker_id=worker_id,
        lock=lock,
        digests=digests,
        tree=applied.tree,
        changes=changes,
        violations=(*verdict.violations, *tampered(context, worker_id)),
        counts={
            "files": len(changes),
            "insertions": sum(change.insertions or 0 for change in claims),
            "deletions": sum(change.deletions or 0 for change in claims),
        },
    )


async def _apply(context: RunContext, worker_id: str, patch: bytes) -> Applied:
    """The tree that a patch yields on base, made in the run's own store."""
    store = await context.store()
    index = context.folder.index_file(f"judge-{worker_id}")
    storage.make_folder(index.parent)
    return await apply_patch(store.git, context.base, patch, index, timeout_s=APPLY_TIMEOUT_S)


def runs_dir_of(context: RunContext) -> bytes | None:
    """The folder of runs as a path of the repository; None where it lies elsewhere."""
    with contextlib.suppress(ValueError):
        return os.fsencode(context.runs_dir.relative_to(context.repository.root).as_posix())
    return None


def _required_checks(context: RunContext, worker_id: str) -> list[str]:
    """The worker's own checks that must have a result; none where no worker was started."""
    if context.manifest.dry_run or not context.manifest.plan(worker_id).has_task:
        return []
    checks = context.config.workers[worker_id].checks
    return [check.name for check in checks if check.required]
