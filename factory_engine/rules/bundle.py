"""The verdict on one bundle.

Owns which rules are asked, and that all of them are: a bundle's problems are listed together, not
one at a time. The rules themselves are in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, Severity, ordered, violation
from factory_engine.config.models import PolicyConfig
from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import LINK
from factory_engine.patch.model import PatchReading
from factory_engine.patch.reader import read_patch
from factory_engine.rules.attributes import attribute_violations, is_attributes_file
from factory_engine.rules.bundle_paths import named_paths, path_violations
from factory_engine.rules.claims import compare_claims, compare_counts
from factory_engine.rules.collisions import collision_violations
from factory_engine.rules.facts import BundleFacts, BundleVerdict, UnusableArtifact
from factory_engine.rules.links import link_violations, links_of_result, through_link
from factory_engine.rules.parse_bundle import ParsedBundle, parse_bundle
from factory_engine.rules.patch_base import base_violations
from factory_engine.rules.policy import (
    PathViolation,
    Protection,
    kind_violations,
    patch_violations,
    size_violations,
    unfolds_too_far,
)
from factory_engine.rules.predicted_changes import predict_changes
from factory_engine.rules.scope import ScopeRules, lock_differences, pattern_problems
from factory_engine.rules.secrets import secret_violations
from factory_engine.rules.worker_status import status_violations

__all__ = [
    "BundleFacts",
    "BundleVerdict",
    "UnusableArtifact",
    "contents_wanted",
    "judge_bundle",
    "may_apply",
]


def may_apply(reading: PatchReading, policy: PolicyConfig) -> bool:
    """Whether a patch may be given to `git apply` at all.

    Not one whose bytes git might understand otherwise, and not one that unfolds into more than
    the policy lets a file be.
    """
    return reading.well_formed and not unfolds_too_far(reading, policy)


def contents_wanted(changes: Sequence[TreeChange]) -> list[str]:
    """The ids whose contents `judge_bundle` looks into: targets of new links, attributes."""
    wanted: set[str | None] = set()
    for change in changes:
        if change.new_mode == LINK:
            wanted.add(change.new_oid)
        if is_attributes_file(change.path):
            wanted |= {change.old_oid, change.new_oid}
    return sorted(oid for oid in wanted if oid)


def judge_bundle(facts: BundleFacts) -> BundleVerdict:
    """Everything that is wrong with a bundle.

    Where the patch was not applied, the tree that it would make is predicted from its text, so that
    the rest of its problems are listed too.
    """
    parsed = parse_bundle(facts)
    reading = facts.reading or read_patch(parsed.patch or b"")
    subject = _Subject.of(facts, reading)
    violations = [
        *parsed.violations,
        *_lock_violations(facts, parsed),
        *_patch_violations(facts, reading, subject),
        *_claim_violations(facts, parsed, reading, subject),
        *_as_violations(facts, _path_violations(facts, parsed, reading, subject)),
        *collision_violations({facts.worker_id: subject.changes}, facts.base),
        *secret_violations(reading, facts.policy.secrets, facts.worker_id),
    ]
    if parsed.status is not None:
        violations += status_violations(parsed.status, facts.worker_id, facts.required_checks)
    return BundleVerdict(tuple(ordered(violations)), parsed.claims)


@dataclass(frozen=True)
class _Subject:
    """The difference that is judged: the real one, or the one that the patch describes."""

    applied: bool
    changes: Sequence[TreeChange]
    contents: Mapping[str, bytes]

    @classmethod
    def of(cls, facts: BundleFacts, reading: PatchReading) -> _Subject:
        if facts.rejection or (reading.files and not facts.changes):
            predicted = predict_changes(reading, facts.base)
            return cls(False, predicted.changes, predicted.contents)
        return cls(True, facts.changes, facts.contents)


def _path_violations(
    facts: BundleFacts, parsed: ParsedBundle, reading: PatchReading, subject: _Subject
) -> Iterator[PathViolation]:
    policy, changes, base = facts.policy, subject.changes, facts.base
    scope = ScopeRules.from_lock(facts.issued_lock)
    protection = Protection(policy.protected, facts.runs_dir)
    named = named_paths(changes, reading, parsed.claims)
    links = links_of_result(changes, base)

    def reachable(path: bytes) -> bool:
        return scope.decide(path).allowed and not protection.reason(path)

    yield from path_violations(named, base, scope, protection)
    yield from through_link(named, links)
    yield from link_violations(changes, subject.contents, links, policy, reachable)
    yield from attribute_violations(changes, subject.contents, _granted(facts))
    yield from kind_violations(changes, policy)
    yield from patch_violations(reading, policy)
    yield from size_violations(changes, facts.sizes, policy)


def _granted(facts: BundleFacts) -> list[str]:
    lock = facts.issued_lock
    return [*lock.allowed_globs, *lock.allow_shared_paths]


def _lock_violations(facts: BundleFacts, parsed: ParsedBundle) -> Iterator[Violation]:
    lock = facts.issued_lock
    if parsed.lock is not None:
        for line in lock_differences(lock, parsed.lock):
            message = f"SCOPE_LOCK.json differs from the issued lock in {line}"
            yield violation(Code.LOCK_MISMATCH, message, worker_id=facts.worker_id)
    patterns = (*lock.allowed_globs, *lock.blocked_globs, *lock.allow_shared_paths)
    for problem in pattern_problems((*patterns, *facts.policy.protected)):
        yield violation(Code.PATTERN, problem, worker_id=facts.worker_id)


def _patch_violations(
    facts: BundleFacts, reading: PatchReading, subject: _Subject
) -> Iterator[Violation]:
    changes = subject.changes if subject.applied else ()
    for path, code, message, severity in base_violations(
        reading, facts.base, changes, facts.rejection, facts.offsets
    ):
        yield violation(code, message, worker_id=facts.worker_id, path=path, severity=severity)


def _claim_violations(
    facts: BundleFacts, parsed: ParsedBundle, reading: PatchReading, subject: _Subject
) -> list[Violation]:
    if parsed.claims is None or parsed.patch is None or reading.too_much:
        return []
    violations = compare_claims(
        parsed.claims,
        subject.changes,
        facts.sha256_of if subject.applied else None,
        lambda path: facts.base.entry(path) is not None,
        worker_id=facts.worker_id,
    )
    return [*violations, *compare_counts(parsed.claims, reading, facts.worker_id)]


def _as_violations(facts: BundleFacts, findings: Iterable[PathViolation]) -> Iterator[Violation]:
    for path, code, message in findings:
        # a checkout on Windows fails on such a name, it is not misled by it
        severity: Severity = "warning" if code == Code.NAME_UNPORTABLE else "error"
        yield violation(code, message, worker_id=facts.worker_id, path=path, severity=severity)
