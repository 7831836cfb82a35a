"""The files of a bundle: all there, parsed, of this run and this worker.

Owns the strict parsing and the ids. What the artifacts say is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from factory_engine.artifacts import names
from factory_engine.artifacts.base import Artifact
from factory_engine.artifacts.bundle import (
    FilesChanged,
    HandoffNote,
    LogIndex,
    ScopeLock,
    StatusFile,
)
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.artifacts.violations import Code, Severity, violation
from factory_engine.escape import printable
from factory_engine.rules.facts import BundleFacts, UnusableArtifact
from factory_engine.rules.paths import as_bytes, name_violations

A = TypeVar("A", bound=Artifact)

_PROBLEM_CODES = {
    "missing": Code.ARTIFACT_MISSING,
    "type": Code.ARTIFACT_TYPE,
    "size": Code.ARTIFACT_SIZE,
}
_LOGS = b"LOGS/"
_LEAST_CLAIMS = 1_000


@dataclass
class ParsedBundle:
    """The artifacts that could be parsed; None for the others, each with its violation."""

    worker_id: str
    status: StatusFile | None = None
    claims: FilesChanged | None = None
    lock: ScopeLock | None = None
    handoff: HandoffNote | None = None
    logs: LogIndex | None = None
    patch: bytes | None = None
    violations: list[Violation] = field(default_factory=list)


def parse_bundle(facts: BundleFacts) -> ParsedBundle:
    """Parse every artifact of a bundle."""
    parsed = ParsedBundle(facts.worker_id)
    parsed.violations += _absent(facts)
    parsed.violations += _extra_violations(facts)
    parsed.status = _parse_artifact(StatusFile, names.STATUS, facts, parsed)
    parsed.claims = _bounded(
        _parse_artifact(FilesChanged, names.FILES_CHANGED, facts, parsed), parsed, facts
    )
    parsed.lock = _parse_artifact(ScopeLock, names.SCOPE_LOCK, facts, parsed)
    parsed.handoff = _parse_artifact(HandoffNote, names.HANDOFF, facts, parsed)
    parsed.logs = _parse_artifact(LogIndex, names.LOG_INDEX, facts, parsed)
    patch = facts.artifacts.get(names.DIFF)
    parsed.patch = patch if isinstance(patch, bytes) else None
    if parsed.logs is not None:
        parsed.violations += _log_violations(parsed.logs, facts.worker_id)
    return parsed


def _bounded(
    claims: FilesChanged | None, parsed: ParsedBundle, facts: BundleFacts
) -> FilesChanged | None:
    """The claims, unless they are so many that nobody should compare them one by one."""
    most = facts.policy.max_files
    if claims is None or len(claims.changes) <= max(2 * most, _LEAST_CLAIMS):
        return claims
    message = f"{names.FILES_CHANGED} names {len(claims.changes):,} files, over {most:,}"
    parsed.violations.append(violation(Code.TOO_MANY_FILES, message, worker_id=facts.worker_id))
    return None


def _absent(facts: BundleFacts) -> Iterator[Violation]:
    unusable = {
        name: item
        for name, item in facts.artifacts.items()
        if isinstance(item, UnusableArtifact)
        and (item.kind != "missing" or name in facts.required_artifacts)
    }
    missing = UnusableArtifact("missing")
    unusable |= {name: missing for name in facts.required_artifacts if name not in facts.artifacts}
    for name, problem in unusable.items():
        yield _unusable(name, problem, facts.worker_id)


def _unusable(name: str, problem: UnusableArtifact, worker_id: str) -> Violation:
    words = {"missing": "is missing", "type": "is no regular file", "size": "is too large"}
    code = _PROBLEM_CODES.get(problem.kind, Code.ARTIFACT_UNREADABLE)
    message = f"{printable(name)} {words.get(problem.kind, 'cannot be read')}"
    if problem.message and problem.kind != "missing":
        message = f"{message}: {printable(problem.message)}"
    return violation(code, message, worker_id=worker_id)


def _extra_violations(facts: BundleFacts) -> Iterator[Violation]:
    """Whatever else lies in the bundle: plain files with names that every system takes."""
    if facts.extras is None:
        message = "the bundle holds more files or bytes beside its artifacts than it may"
        yield violation(Code.ARTIFACT_SIZE, message, worker_id=facts.worker_id)
        return
    for name, unusable in facts.extras.items():
        if unusable is not None:
            yield _unusable(name, unusable, facts.worker_id)
        for problem in name_violations(as_bytes(name)):
            message = f"a file of the bundle is called '{printable(name)}': {problem.message}"
            severity: Severity = "warning" if problem.code == Code.NAME_UNPORTABLE else "error"
            yield violation(problem.code, message, worker_id=facts.worker_id, severity=severity)


def _parse_artifact(
    model: type[A], name: str, facts: BundleFacts, parsed: ParsedBundle
) -> A | None:
    data = facts.artifacts.get(name)
    if not isinstance(data, bytes):
        return None
    try:
        artifact = model.from_bytes(data)
    except JsonProblem as problem:
        message = f"{name}: {printable(problem.message, 400)}"
        parsed.violations.append(violation(problem.code, message, worker_id=facts.worker_id))
        return None
    parsed.violations += _id_violations(artifact, name, facts)
    return artifact


def _id_violations(artifact: Artifact, name: str, facts: BundleFacts) -> Iterator[Violation]:
    wanted = {"run_id": facts.run_id, "worker_id": facts.worker_id, "owner": facts.worker_id}
    for key, value in wanted.items():
        given = getattr(artifact, key, value)
        if given != value:
            message = f"{name}: {key} is '{printable(given, 140)}', not '{value}'"
            yield violation(Code.ID_MISMATCH, message, worker_id=facts.worker_id)


def _log_violations(index: LogIndex, worker_id: str) -> Iterator[Violation]:
    seen: set[bytes] = set()
    for entry in index.logs:
        path = as_bytes(entry.path)
        problems = [problem.message for problem in name_violations(path)]
        if not path.startswith(_LOGS) or path == _LOGS:
            problems.append("lies outside LOGS/")
        if path in seen:
            problems.append("is listed twice")
        seen.add(path)
        for problem in problems:
            message = f"{names.LOG_INDEX}: '{printable(entry.path, 80)}' {problem}"
            yield violation(Code.LOG_INDEX, message, worker_id=worker_id)
