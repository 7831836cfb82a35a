"""Every path that a bundle names: in scope, unprotected, safe to have.

Owns the list of these paths and the verdict on each. A path counts wherever it is named: in the
tree that the patch yields, in the patch, in the claims, as the source of a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory_engine.artifacts.bundle import FilesChanged
from factory_engine.artifacts.violations import Code
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange
from factory_engine.patch.model import PatchReading
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.paths import as_bytes, name_violations
from factory_engine.rules.policy import PathViolation, Protection
from factory_engine.rules.scope import ScopeRules


def named_paths(
    changes: Sequence[TreeChange], reading: PatchReading, claims: FilesChanged | None
) -> dict[bytes, str]:
    """Each path with the words that say why it counts; empty words for a path that is changed."""
    why_named = dict.fromkeys((change.path for change in changes), "")
    for file in reading.files:
        if file.kind == "copied" and file.old_path is not None:
            why_named.setdefault(file.old_path, "is the source of a copy and ")
        for name in file.names:
            why_named.setdefault(name, "is named by DIFF.patch and ")
    for claim in claims.changes if claims else ():
        why_named.setdefault(as_bytes(claim.path), "is named by FILES_CHANGED.json and ")
        if claim.previous_path is not None:
            reason = f"is the source of what is claimed as {claim.change_type} and "
            why_named.setdefault(as_bytes(claim.previous_path), reason)
    return why_named


def path_violations(
    named: dict[bytes, str], base: BaseIndex, scope: ScopeRules, protection: Protection
) -> Iterator[PathViolation]:
    """SCOPE, PROTECTED, PATH_ and NAME_ codes for each of `named`."""
    for path, why_named in named.items():
        decision = scope.decide(path)
        if not decision.allowed:
            why = "matches no allowed pattern"
            if decision.pattern is not None:
                why = f"is blocked by '{printable(decision.pattern, 80)}'"
            yield path, Code.SCOPE, f"{why_named}{why}"
        if reason := protection.reason(path):
            yield path, Code.PROTECTED, f"{why_named}{reason}"
        for problem in _name_violations(path, base):
            yield path, problem[0], problem[1]


def _name_violations(path: bytes, base: BaseIndex) -> Iterator[tuple[Code, str]]:
    problems = name_violations(path)
    if problems:  # only then is it worth finding out what base knows of it
        problems = name_violations(path, base.known_components(path))
    for problem in problems:
        yield problem.code, problem.message
