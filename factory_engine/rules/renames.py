"""One file that several workers took away under different names.

Owns the verdict on such. The merge follows no rename, so that both copies would stay, or one where
the other worker meant the file to be gone; git's own merge calls it a conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, Severity, violation
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange

Renames = Mapping[bytes, bytes]
"""Where a worker moved a file to, by where it was."""


def moved_by_several(changes: Mapping[str, Sequence[TreeChange]]) -> list[str]:
    """The workers that removed a path which another removed, too: only their renames matter."""
    gone = Counter(c.path for listed in changes.values() for c in listed if c.new_mode is None)
    several = {path for path, count in gone.items() if count > 1}
    return [
        worker_id
        for worker_id, listed in sorted(changes.items())
        if any(change.new_mode is None and change.path in several for change in listed)
    ]


def rename_violations(
    changes: Mapping[str, Sequence[TreeChange]], renames: Mapping[str, Renames]
) -> Iterator[Violation]:
    """CONFLICT for a file that workers moved to several names, a warning where one only removed it.

    Args:
        changes: what each worker changes.
        renames: of each worker that `moved_by_several` names.
    """
    moved: dict[bytes, dict[str, bytes | None]] = {}
    for worker_id in sorted(renames):
        for change in changes[worker_id]:
            if change.new_mode is None:
                to = renames[worker_id].get(change.path)
                moved.setdefault(change.path, {})[worker_id] = to
    for path, workers in sorted(moved.items()):
        names = {to for to in workers.values() if to is not None}
        if len(workers) < 2 or not names or len(set(workers.values())) == 1:
            continue
        named = ", ".join(
            f"moved to '{printable(to, 80)}' by {worker_id}" if to else f"removed by {worker_id}"
            for worker_id, to in workers.items()
        )
        severity: Severity = "error" if len(names) > 1 else "warning"
        yield violation(Code.CONFLICT, f"is {named}", path=path, severity=severity)
