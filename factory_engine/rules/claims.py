"""What a bundle says about its files against what its patch really yields.

Owns the comparison of FILES_CHANGED.json with a difference of trees. The tree is right; each way in
which the claims say less, more or something else is a violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from factory_engine.artifacts.bundle import Change, FilesChanged
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, ordered, violation
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import GITLINK
from factory_engine.patch.model import PatchReading
from factory_engine.rules.paths import as_bytes


def compare_claims(
    claims: FilesChanged,
    actual: Sequence[TreeChange],
    sha256_of: Mapping[str, str] | None,
    base_has: Callable[[bytes], bool],
    *,
    worker_id: str = "",
) -> list[Violation]:
    """HIDDEN for what is changed and not claimed, CLAIM_MISMATCH for what is claimed and not so.

    Args:
        claims: what the bundle says. A rename may be claimed as one, or as a deletion and an
            addition.
        actual: the difference between base and what the patch yields, renames not detected.
        sha256_of: the sha256 of each blob on either side, by object id; None where nothing was
            hashed, so that modes and hashes are left out.
        base_has: whether base has a file at a path.
        worker_id: whose bundle it is; the owner that the claims name by default.
    """
    moves = _Moves.of(claims)
    comparison = _Comparison({c.path: c for c in actual}, sha256_of, base_has, moves.chained)
    differences = []
    for claim in claims.changes:
        path = as_bytes(claim.path)
        differences += [
            (path, Code.CLAIM_MISMATCH, message) for message in comparison.problems(claim)
        ]
    for path, times in moves.covered.items():
        if times > 1:
            differences.append((path, Code.CLAIM_MISMATCH, "is claimed more than once"))
    for path in comparison.changes.keys() - moves.covered.keys():
        differences.append(
            (path, Code.HIDDEN, "is changed, and FILES_CHANGED.json does not say so")
        )
    who = worker_id or claims.owner
    return ordered(
        violation(code, message, worker_id=who, path=path) for path, code, message in differences
    )


def kind_of(change: TreeChange) -> str:
    """added, deleted, mode (permissions only) or modified (content, or the type of the file)."""
    if change.old_mode is None:
        return "added"
    if change.new_mode is None:
        return "deleted"
    same_type = change.old_mode[:3] == change.new_mode[:3]
    return "mode" if same_type and change.old_oid == change.new_oid else "modified"


@dataclass(frozen=True)
class _Moves:
    """Which paths the claims speak for.

    Args:
        covered: how often each path is spoken for; a rename speaks for two.
        chained: paths that one rename leaves and another one, or a copy, fills.
    """

    covered: Counter[bytes]
    chained: frozenset[bytes]

    @classmethod
    def of(cls, claims: FilesChanged) -> _Moves:
        covered: Counter[bytes] = Counter()
        filled: set[bytes] = set()
        left: set[bytes] = set()
        for claim in claims.changes:
            path = as_bytes(claim.path)
            covered[path] += 1
            if claim.change_type in ("renamed", "copied"):
                filled.add(path)
            if claim.change_type == "renamed" and claim.previous_path is not None:
                previous = as_bytes(claim.previous_path)
                covered[previous] += 1
                left.add(previous)
        covered.subtract(filled & left)
        return cls(covered, frozenset(filled & left))


@dataclass(frozen=True)
class _Comparison:
    changes: Mapping[bytes, TreeChange]
    sha256_of: Mapping[str, str] | None
    base_has: Callable[[bytes], bool]
    chained: frozenset[bytes]

    def problems(self, claim: Change) -> list[str]:
        change = self.changes.get(as_bytes(claim.path))
        if change is None:
            return ["is claimed, and the patch does not change it"]
        found = self._type_problems(claim, change)
        if self.sha256_of is not None:
            found += _mode_problems(claim, change)
            found += self._content_problems(claim, change)
        return found

    def _type_problems(self, claim: Change, change: TreeChange) -> list[str]:
        kind = kind_of(change)
        if claim.change_type in ("renamed", "copied"):
            return self._origin_problems(claim, kind)
        found = []
        if claim.change_type != kind and not self._unsure(claim, kind):
            found.append(f"is claimed as {claim.change_type}, and is {kind}")
        if claim.previous_path is not None and claim.previous_path != claim.path:
            found.append(f"is claimed as {claim.change_type} with a previous path")
        return found

    def _unsure(self, claim: Change, kind: str) -> bool:
        """Without ids a change of content cannot be told from one of permissions."""
        return self.sha256_of is None and {claim.change_type, kind} == {"modified", "mode"}

    def _origin_problems(self, claim: Change, kind: str) -> list[str]:
        """A rename is a file that is gone and one that is new, a copy only the latter."""
        if claim.previous_path is None:
            return [f"is claimed as {claim.change_type} without a previous path"]
        previous = as_bytes(claim.previous_path)
        shown = printable(claim.previous_path, 80)
        messages = []
        if kind != "added" and as_bytes(claim.path) not in self.chained:
            messages.append(f"is claimed as {claim.change_type}, and is {kind}")
        if claim.change_type == "copied":
            if not self.base_has(previous):
                messages.append(f"is claimed as a copy of '{shown}', which base does not have")
            return messages
        source = self.changes.get(previous)
        if source is None or (source.new_mode is not None and previous not in self.chained):
            messages.append(f"is claimed as renamed from '{shown}', which is still there")
        return messages

    def _content_problems(self, claim: Change, change: TreeChange) -> list[str]:
        deleted = change.new_mode is None
        oid, mode = (
            (change.old_oid, change.old_mode) if deleted else (change.new_oid, change.new_mode)
        )
        if mode == GITLINK or oid is None or self.sha256_of is None:
            return []
        digest = self.sha256_of.get(oid)
        if digest is None:
            return ["has a content that could not be read, so that its claim cannot be checked"]
        return [] if digest == claim.sha256 else ["is claimed with another content (sha256)"]


def _mode_problems(claim: Change, change: TreeChange) -> list[str]:
    if claim.mode is None:
        return []
    right = change.old_mode if change.new_mode is None else change.new_mode
    gone = change.new_mode is None and claim.mode == "000000"
    if claim.mode == right or gone:
        return []
    return [f"is claimed with mode {claim.mode}, and has {right}"]


def compare_counts(claims: FilesChanged, reading: PatchReading, worker_id: str) -> list[Violation]:
    """CLAIM_MISMATCH as a warning where the numbers of lines are not those of the patch.

    They decide nothing, but people read them. A rename that is claimed in another way than the
    patch tells it has other numbers by right, so that only equal kinds are compared.
    """
    counts: dict[bytes, tuple[int, int]] = {}
    for file in reading.files:
        if file.kind in ("added", "deleted", "modified") and not file.binary:
            plus, minus = counts.get(file.path, (0, 0))
            counts[file.path] = (plus + file.insertions, minus + file.deletions)
    violations = []
    for claim in claims.changes:
        path = as_bytes(claim.path)
        if path not in counts or claim.change_type in ("renamed", "copied"):
            continue
        plus, minus = counts[path]
        if claim.insertions in (None, plus) and claim.deletions in (None, minus):
            continue
        said = f"+{claim.insertions or 0} -{claim.deletions or 0}"
        message = f"is claimed with {said}, and the patch has +{plus} -{minus}"
        violations.append(
            violation(
                Code.CLAIM_MISMATCH, message, worker_id=worker_id, path=path, severity="warning"
            )
        )
    return violations
