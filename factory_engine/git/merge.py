"""The workers' trees made into one, three-way, path by path.

Owns the fold and the account of what would not fit. A path that one worker changed is taken as it
is; what several changed goes to `three_way`. Never follows a rename: a change could then land at a
path that its worker was never granted, and git's own merge (before 2.50) cannot be told not to.
Works on objects of a factory-owned store alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from factory_engine.git.concurrent import together
from factory_engine.git.diff import TreeChange, tree_changes
from factory_engine.git.process import Git
from factory_engine.git.three_way import Job, three_way
from factory_engine.git.trees import Entry, with_changes


@dataclass(frozen=True)
class Conflict:
    """A path that workers changed in ways that do not merge.

    Args:
        path: where; of a file against a folder the shorter one.
        workers: who changed it, in the order of the merge; the last one met the conflict.
        kind: contents, binary, modify/delete, file/directory, distinct modes, …
        hunks: the conflicting places with marker lines that name workers; a sentence where there
            are no lines to show.
    """

    path: bytes
    workers: tuple[str, ...]
    kind: str
    hunks: str


@dataclass(frozen=True)
class Merged:
    """What came of a merge.

    Args:
        tree: full id of the merged tree; None when there are conflicts.
        conflicts: all of them, sorted by path and workers.
    """

    tree: str | None
    conflicts: tuple[Conflict, ...]


async def merge_trees(git: Git, base: str, contributions: Sequence[tuple[str, str]]) -> Merged:
    """Folds the trees into one, in the order given.

    Args:
        git: a factory-owned store that holds base and all trees.
        base: full id of the base commit or its tree.
        contributions: worker id and full tree id; a tree equal to base's costs nothing.

    Raises:
        GitError: a tree is not in the store. StorageError: the disk refused.
    """
    start = (await git.run("rev-parse", "--verify", f"{base}^{{tree}}")).line
    given = [(worker, tree) for worker, tree in contributions if tree != start]
    if len(given) < 2:
        return Merged(given[0][1] if given else start, ())
    paths = await _by_path(git, start, given)
    contested = [path for path in paths.values() if path.waiting]
    while any(path.waiting for path in contested):
        await _meet_next(git, contested)
    conflicts = [conflict for path in contested for conflict in path.conflicts]
    conflicts += _files_against_folders(paths)
    if conflicts:
        return Merged(None, tuple(sorted(conflicts, key=lambda c: (c.path, c.workers, c.kind))))
    changes = {path.path: path.merged.entry for path in paths.values()}
    return Merged(await with_changes(git, start, changes), ())


@dataclass(frozen=True)
class _Side:
    """What one or several workers made of a path; no entry where they deleted it."""

    workers: tuple[str, ...]
    entry: Entry | None

    @property
    def name(self) -> str:
        return "+".join(self.workers)


@dataclass
class _Path:
    """One path, the side that is folded so far, and the sides still to meet it."""

    path: bytes
    base: Entry | None
    merged: _Side
    waiting: list[_Side] = field(default_factory=list)
    refused: list[_Side] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def refuse(self, ours: _Side, theirs: _Side, kind: str, hunks: str) -> None:
        """Notes a conflict; the fold goes on without `theirs`, so that others are found too."""
        self.conflicts.append(Conflict(self.path, ours.workers + theirs.workers, kind, hunks))
        if theirs not in self.refused:
            self.refused.append(theirs)


async def _by_path(git: Git, start: str, given: list[tuple[str, str]]) -> dict[bytes, _Path]:
    async with together() as group:
        tasks = [group.create_task(tree_changes(git, start, tree)) for _, tree in given]
    paths: dict[bytes, _Path] = {}
    for (worker, _), task in zip(given, tasks, strict=True):
        for change in task.result():
            _add(paths, worker, change)
    return paths


def _add(paths: dict[bytes, _Path], worker: str, change: TreeChange) -> None:
    side = _Side((worker,), _entry(change.new_mode, change.new_oid))
    known = paths.get(change.path)
    if known is None:
        paths[change.path] = _Path(change.path, _entry(change.old_mode, change.old_oid), side)
    else:
        known.waiting.append(side)


def _entry(mode: str | None, oid: str | None) -> Entry | None:
    return None if mode is None or oid is None else Entry(mode, oid)


async def _meet_next(git: Git, contested: list[_Path]) -> None:
    """Folds one more side into each path; all contents of this round are merged at once."""
    jobs: list[tuple[_Path, _Side, _Side, Job]] = []
    for path in contested:
        if not path.waiting:
            continue
        theirs = path.waiting.pop(0)
        for ours in (*path.refused, path.merged):
            if ours.entry == theirs.entry:
                if ours is path.merged:
                    path.merged = _Side(ours.workers + theirs.workers, ours.entry)
            elif ours.entry is None or theirs.entry is None:
                path.refuse(ours, theirs, "modify/delete", _deletion(ours, theirs))
            else:
                names = (ours.name, theirs.name)
                job = Job(path.base, ours.entry, theirs.entry, names)
                jobs.append((path, ours, theirs, job))
    outcomes = await three_way(git, [job for *_, job in jobs])
    for (path, ours, theirs, _), outcome in zip(jobs, outcomes, strict=True):
        if outcome.entry is None:
            path.refuse(ours, theirs, outcome.kind, outcome.hunks)
        elif ours is path.merged:
            path.merged = _Side(ours.workers + theirs.workers, outcome.entry)


def _deletion(ours: _Side, theirs: _Side) -> str:
    gone, kept = (ours, theirs) if ours.entry is None else (theirs, ours)
    return f"deleted by {gone.name}, changed by {kept.name}"


def _files_against_folders(paths: dict[bytes, _Path]) -> list[Conflict]:
    """A file of one worker where another has a folder."""
    conflicts: dict[bytes, Conflict] = {}
    for inner in paths.values():
        if inner.merged.entry is None:
            continue
        at = inner.path.find(b"/")
        while at > 0:
            outer = paths.get(inner.path[:at])
            if outer is not None and outer.merged.entry is not None:
                text = f"a file of {outer.merged.name}, a folder of {inner.merged.name}"
                workers = outer.merged.workers + inner.merged.workers
                conflict = Conflict(outer.path, workers, "file/directory", text)
                conflicts.setdefault(outer.path, conflict)
            at = inner.path.find(b"/", at + 1)
    return list(conflicts.values())
