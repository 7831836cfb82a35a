"""What a run should know about the state of the user's repository.

Owns the words. The state itself is looked up by the git package.
"""

from __future__ import annotations

from collections.abc import Sequence

from factory_engine.escape import printable
from factory_engine.events import Finding
from factory_engine.git.conditions import RepositoryConditions

NAMED_PATHS = 5


def repository_findings(conditions: RepositoryConditions) -> list[Finding]:
    """What stands in the way of a run, and what its workers will not see."""
    operation = conditions.operation_in_progress
    return [
        Finding(
            "operation",
            "block" if operation else "ok",
            f"a {operation} is in progress" if operation else "no merge or rebase in progress",
            "finish or abort it first" if operation else "",
        ),
        _named_paths(
            "work tree",
            conditions.dirty_paths,
            "clean",
            "not in base, no worker sees it",
            "commit it if the workers need it",
        ),
        _named_paths(
            "submodules",
            conditions.submodules,
            "none",
            "stays empty in every workspace",
            "scopes cannot reach into it",
        ),
        _named_paths(
            "filters",
            conditions.filtered_paths,
            "none",
            "a filter (LFS) is named for it and is not run: pointers stay pointers",
            "keep such files out of the scopes",
        ),
        Finding(
            "history",
            "block" if conditions.incomplete else "ok",
            "a partial clone, which lacks some of base"
            if conditions.incomplete
            else ("a shallow clone" if conditions.shallow else "complete"),
            "fetch them with `git fetch --refetch --no-filter`" if conditions.incomplete else "",
        ),
        Finding(
            "index",
            "warn" if conditions.index_locked else "ok",
            "another git process holds .git/index.lock"
            if conditions.index_locked
            else "not locked",
            "a run does not need it; it is left alone" if conditions.index_locked else "",
        ),
    ]


def _named_paths(
    name: str, paths: Sequence[bytes], none: str, meaning: str, advice: str
) -> Finding:
    if not paths:
        return Finding(name, "ok", none)
    shown = ", ".join(printable(path) for path in paths[:NAMED_PATHS])
    more = f" and {len(paths) - NAMED_PATHS} more" if len(paths) > NAMED_PATHS else ""
    return Finding(name, "warn", f"{shown}{more}: {meaning}", advice)
