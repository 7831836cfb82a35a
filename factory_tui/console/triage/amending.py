"""Widening a scope lock on an operator's behalf: the edit that `--amend-scope` then makes count.

Owns the patterns for single paths and the writing of SCOPE_LOCK.json. What is written is only a
proposal until the command line has been given with a reason.
"""

from __future__ import annotations

import re

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.names import SCOPE_LOCK
from factory_engine.errors import RunError
from factory_engine.rules.scope import ScopeRules, pattern_problems
from factory_engine.run_folder import GuardedWriter, RunFolder
from factory_engine.state import RunState
from factory_tui.console.bundle.bundle import issued_lock, read_bundle

# gitignore(5): these mean something in a pattern, a leading slash ties it to the top folder
_SPECIAL = re.compile(r"([\\*?\[])")


def pattern_for(path: str) -> str:
    """A pattern that lets in this path and no other one."""
    escaped = _SPECIAL.sub(r"\\\1", path)
    if escaped.endswith(" "):
        escaped = escaped[:-1] + "\\ "
    return f"/{escaped}"


def paths_outside(folder: RunFolder, state: RunState, worker_id: str) -> list[str]:
    """The paths of a worker's patch that its lock does not let in, sorted."""
    bundle = read_bundle(folder, state, worker_id)
    found = {path for entry in bundle.files for path, d in entry.decisions if not d.allowed}
    return sorted(found)


def widened(lock: ScopeLock, paths: list[str]) -> ScopeLock:
    """`lock` with `paths` let in.

    Raises:
        RunError: a pattern cannot spell a path, or a block keeps it out whatever is allowed.
    """
    patterns = [pattern_for(path) for path in paths]
    wrong = pattern_problems(patterns)
    wider = lock.model_copy(update={"allowed_globs": [*lock.allowed_globs, *patterns]})
    rules = ScopeRules.from_lock(wider)
    kept_out = [path for path in paths if not rules.decide(path).allowed]
    if wrong or kept_out:
        raise RunError(
            wrong[0] if wrong else "a block pattern keeps it out, whatever is allowed",
            where=kept_out[0] if kept_out else paths[0],
            advice=f"edit {SCOPE_LOCK} of {lock.worker_id} by hand",
        )
    return wider


def write_widened_lock(folder: RunFolder, state: RunState, worker_id: str) -> list[str]:
    """Write a lock that lets in everything that the worker changed; the paths that were added.

    Raises:
        RunError: the lock is not known, or cannot be widened that far.
        StorageError: the disk refused.
    """
    issued = issued_lock(folder, state, worker_id)
    if issued is None:
        raise RunError("its scope lock is not known", where=worker_id)
    paths = paths_outside(folder, state, worker_id)
    lock = widened(issued, paths)
    GuardedWriter(folder.path).write(f"{worker_id}/{SCOPE_LOCK}", lock.to_bytes())
    return paths
