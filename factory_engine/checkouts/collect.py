"""What a worker changed, as a tree.

Owns the collecting. Looks at files only: the workspace's `.git` (config, hooks, HEAD, branches) is
neither obeyed nor needed, and nothing outside the workspace is read through a link in it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from factory_engine.checkouts import candidates
from factory_engine.checkouts.inspection import (
    Collected,
    CollectLimits,
    Uncollected,
    UncollectedCode,
    any_too_large,
    judge,
    judge_submodules,
)
from factory_engine.checkouts.survey import Survey, survey
from factory_engine.errors import CollectError, GitError
from factory_engine.git.concurrent import together
from factory_engine.git.edge import storage_errors
from factory_engine.git.index import drop_lock
from factory_engine.git.process import Git, GitResult, failure, readable
from factory_engine.git.store import RunStore

__all__ = ["CollectLimits", "Collected", "Uncollected", "UncollectedCode", "collect"]

_TIMEOUT_S = 1800


async def collect(
    store: RunStore,
    workspace: Path,
    index: Path,
    base: str,
    limits: CollectLimits,
    without: Collection[bytes] = (),
) -> Collected:
    """The tree of `workspace`: committed, staged, unstaged and new files, as they lie on disk.

    No process may be at work in the workspace any more.

    Args:
        store: the run's store, which gets the new objects.
        workspace: the checkout that `create_workspace` made.
        index: the factory's own index of it; holds the collected tree afterwards.
        base: full id of the commit that it was made from.
        limits: how much is too much.
        without: paths that are not collected, whatever git thinks of them.

    Raises:
        CollectError: the workspace is gone, or git cannot get through it.
        StorageError: the disk refused.
    """
    await asyncio.to_thread(_check, workspace, index)
    git = store.git.with_index(index).with_work_tree(workspace)
    try:
        return await _collect(git, workspace, base, limits, without)
    except GitError as error:
        # Only the worker's files can have made git fail here: its run is blocked, not the factory.
        raise CollectError(f"git cannot read the workspace: {error.what}") from error


def is_among(path: bytes, folders: Collection[bytes]) -> bool:
    """Whether `path` is one of `folders` or lies below one."""
    return any(path == one or path.startswith(one + b"/") for one in folders)


async def _collect(
    git: Git, workspace: Path, base: str, limits: CollectLimits, without: Collection[bytes]
) -> Collected:
    differing = await _find(git, workspace, base, limits)
    if differing.too_many:
        tree = (await git.run("rev-parse", "--verify", f"{base}^{{tree}}")).line
        detail = f"more than {limits.max_files} paths differ from base"
        problem = Uncollected(UncollectedCode.TOO_MANY_FILES, b"", detail)
        return Collected(tree, (problem,), differing.notes)
    own = [path for path in differing.paths if not is_among(path, without)]
    judged = await asyncio.to_thread(judge, os.fsencode(workspace), own, limits)
    problems = judged.problems + differing.problems
    problems += await take(git, differing.missing, judged.good)
    tree = (await git.run("write-tree")).line
    return Collected(tree, in_order(problems), differing.notes)


def _check(workspace: Path, index: Path) -> None:
    if workspace.is_symlink() or not workspace.is_dir():
        raise CollectError("the workspace is gone", advice="run this worker again")
    with storage_errors("the workspace's index cannot be used", index):
        drop_lock(index)
        index.stat()


@dataclass(frozen=True)
class _Found:
    paths: tuple[bytes, ...]
    missing: tuple[bytes, ...]
    too_many: bool
    problems: list[Uncollected]
    notes: tuple[str, ...]


async def _find(git: Git, workspace: Path, base: str, limits: CollectLimits) -> _Found:
    """All questions at once: they read the same folders, which are cached after the first."""
    root = os.fsencode(workspace)
    most = limits.max_files
    async with together() as group:
        # First, for it stops the others when one of them would wait for a pipe.
        sight = group.create_task(_survey(root))
        changes = group.create_task(candidates.tracked(git, most))
        fresh = group.create_task(candidates.untracked(git, most))
        forced = group.create_task(candidates.added_by_worker(git, workspace, base, most))
        modules = group.create_task(candidates.submodules(git))
        head = group.create_task(asyncio.to_thread(candidates.moved, workspace, base))
    untracked, (added, note) = fresh.result(), forced.result()
    gone, problems = await asyncio.to_thread(judge_submodules, root, modules.result())
    other = {*untracked.paths, *added.paths, *gone}
    tracked = await _settled(git, root, changes.result(), limits, len(other))
    # What stands where a submodule was is among `gone` too; judging passes over what is not there.
    paths = {*tracked.present, *other}
    missing = {*tracked.missing, *gone}
    complete = tracked.complete and untracked.complete and added.complete
    return _Found(
        paths=tuple(sorted(paths)),
        missing=tuple(sorted(missing)),
        too_many=not complete or len(paths | missing) > most,
        problems=[*await unseen(git, sight.result()), *problems],
        notes=tuple(text for text in (head.result(), note) if text),
    )


async def _survey(root: bytes) -> Survey:
    sight = await asyncio.to_thread(survey, root)
    if sight.traps:
        name = readable(sight.traps[0])
        raise CollectError("git would never finish reading this file", where=name)
    return sight


async def _settled(
    git: Git, root: bytes, changed: candidates.Tracked, limits: CollectLimits, other: int
) -> candidates.Tracked:
    """`changed` without files that were only touched, where a limit makes it matter."""
    count = len(changed.present) + len(changed.missing) + other
    if changed.complete and count <= limits.max_files:
        large = await asyncio.to_thread(any_too_large, root, changed.present, limits)
        if not large:
            return changed
    await candidates.settle(git)
    return await candidates.tracked(git, limits.max_files)


async def unseen(git: Git, sight: Survey) -> list[Uncollected]:
    """Problems for what git does not list at all, unless it is ignored."""
    details = dict.fromkeys(sight.special, "neither file, folder nor link") | dict(sight.closed)
    ignored = await candidates.ignored_among(git, sorted(details))
    special = frozenset(sight.special)
    return [
        Uncollected(
            UncollectedCode.SPECIAL_FILE if path in special else UncollectedCode.UNREADABLE,
            path,
            detail,
        )
        for path, detail in details.items()
        if path not in ignored
    ]


async def take(git: Git, missing: tuple[bytes, ...], good: list[bytes]) -> list[Uncollected]:
    """Brings the index to what lies on disk: without `missing`, with `good` as they are.

    Returns:
        problems for the names that git refuses.
    """
    if missing:
        # Not `--remove`: git will not look at a path below a link, and dies of it.
        await git.run("update-index", "--force-remove", "-z", "--stdin", stdin=_listed(missing))
    if not good:
        return []
    command = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
    result = await git.run(*command, stdin=_listed(good), ok=(0, 1, 128), timeout_s=_TIMEOUT_S)
    if result.rc != 0:
        raise failure("update-index", result)
    return _refused(result, good)


def _refused(result: GitResult, good: list[bytes]) -> list[Uncollected]:
    """Git says `Ignoring path X` for a name that it will not have in a tree, and goes on."""
    if b"Ignoring path " not in result.stderr:
        return []
    detail = "git does not allow this name"
    return [
        Uncollected(UncollectedCode.REFUSED_NAME, path, detail)
        for path in good
        if b"Ignoring path " + path + b"\n" in result.stderr
    ]


def _listed(paths: tuple[bytes, ...] | list[bytes]) -> bytes:
    return b"\0".join(paths) + b"\0"


def in_order(problems: list[Uncollected]) -> tuple[Uncollected, ...]:
    """The problems by path, the first of each path."""
    first = {problem.path: problem for problem in reversed(problems)}
    return tuple(first[path] for path in sorted(first))
