"""The tree that an overlay shows, out of what its upper folder holds.

Owns collecting by what changed: of the layers below nothing is read but the tree objects of folders
in which something differs, so that the cost does not grow with the repository. Comes to the same
tree and the same problems as `collect` on a whole checkout. What ignores what, and what is a
repository of its own, is git's to say, by way of a small index of those folders alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.checkouts import candidates
from factory_engine.checkouts.collect import in_order, is_among, take, unseen
from factory_engine.checkouts.inspection import (
    Collected,
    CollectLimits,
    Uncollected,
    UncollectedCode,
    judge,
    judge_submodules,
)
from factory_engine.checkouts.survey import Survey
from factory_engine.errors import CollectError, GitError
from factory_engine.git.concurrent import together
from factory_engine.git.diff import tree_changes
from factory_engine.git.edge import storage_errors
from factory_engine.git.index import drop_index
from factory_engine.git.modes import FILE, GITLINK
from factory_engine.git.process import Git, readable
from factory_engine.git.trees import Entry, Folder, inside, parent, read_folders, write_folders
from factory_engine.overlay import Upper, read_upper
from factory_engine.plain_file import open_plain

_MOST_ENTRIES = 5_000_000
_STAND_IN = b".factory-stand-in"


async def collect_changes(
    git: Git,
    upper: Path,
    given_index: Path,
    scratch: Path,
    base: str,
    limits: CollectLimits,
    without: Collection[bytes] = (),
) -> Collected:
    """The tree of an overlay over base: committed, staged, unstaged and new files.

    No process may be at work in it any more.

    Args:
        git: the run's store, which gets the new objects.
        upper: the overlay's upper folder.
        given_index: the index that the worker began with, which is only read.
        scratch: an index file that is overwritten and removed.
        base: full id of the commit whose files lie below.
        limits: how much is too much.
        without: paths that are not collected, whatever git thinks of them.

    Raises:
        CollectError: the upper folder is gone, or git cannot get through it.
        StorageError: the disk refused.
    """
    if upper.is_symlink() or not upper.is_dir():
        raise CollectError("the workspace is gone", advice="run this worker again")
    _drop(scratch)
    work = git.with_index(scratch).with_work_tree(upper)
    try:
        return await _collect(work, upper, given_index, base, limits, without)
    except GitError as error:
        # Only the worker's files can have made git fail here: its run is blocked, not the factory.
        raise CollectError(f"git cannot read the workspace: {error.what}") from error
    finally:
        _drop(scratch)


def _drop(scratch: Path) -> None:
    with storage_errors("an index could not be removed", scratch):
        drop_index(scratch)


async def _collect(
    git: Git,
    upper: Path,
    given_index: Path,
    base: str,
    limits: CollectLimits,
    without: Collection[bytes],
) -> Collected:
    root = os.fsencode(upper)
    seen = await asyncio.to_thread(read_upper, root, _MOST_ENTRIES, without)
    if seen.traps:
        name = readable(seen.traps[0])
        raise CollectError("git would never finish reading this file", where=name)
    view = _View(seen, await read_folders(git, base, seen.folders))
    await _write_small_index(git, view)
    most = limits.max_files
    async with together() as group:
        fresh = group.create_task(candidates.untracked(git, most))
        forced = group.create_task(candidates.added_by_worker(git, upper, base, most, given_index))
        head = group.create_task(asyncio.to_thread(candidates.moved, upper, base))
        tracked = group.create_task(asyncio.to_thread(view.touched, root, limits))
    untracked, (added, note) = fresh.result(), forced.result()
    notes = tuple(text for text in (head.result(), note) if text)
    paths = {*tracked.result(), *untracked.paths, *added.paths}
    paths -= {path for path in paths if is_among(path, without)}
    _, nested = await asyncio.to_thread(judge_submodules, root, view.modules)
    survey = Survey(tuple(seen.special), tuple(seen.closed), ())
    problems = [*await unseen(git, survey), *nested]
    if not (seen.complete and untracked.complete and added.complete):
        return await _too_many(git, base, limits, notes)
    judged = await asyncio.to_thread(judge, root, sorted(paths), limits)
    problems = [*judged.problems, *problems, *await take(git, (), judged.good)]
    tree = await write_folders(git, base, view.with_entries(await _entries(git), judged.good))
    surely_few = not view.lost_folders and view.lost_files + len(judged.good) <= most
    if not surely_few and len(await tree_changes(git, base, tree)) > most:
        return await _too_many(git, base, limits, notes)
    return Collected(tree, in_order(problems), notes)


async def _too_many(
    git: Git, base: str, limits: CollectLimits, notes: tuple[str, ...]
) -> Collected:
    tree = (await git.run("rev-parse", "--verify", f"{base}^{{tree}}")).line
    detail = f"more than {limits.max_files} paths differ from base"
    return Collected(tree, (Uncollected(UncollectedCode.TOO_MANY_FILES, b"", detail),), notes)


@dataclass
class _View:
    """What the upper folder and the tree below it come to.

    Args:
        seen: the upper folder.
        base: what base holds in each of its folders.
        kept: what is left of base in each, before anything is collected.
        tracked: files of the upper folder that base has as files, by path.
        modules: base's submodules that are folders here, too.
        lost_files: how many files of base are there no more, each in a folder that is.
        lost_folders: how many folders of base are there no more, with all they held.
    """

    seen: Upper
    base: dict[bytes, Folder]
    kept: dict[bytes, Folder] = field(default_factory=dict)
    tracked: dict[bytes, Entry] = field(default_factory=dict)
    modules: list[bytes] = field(default_factory=list)
    lost_files: int = 0
    lost_folders: int = 0

    def __post_init__(self) -> None:
        kinds = dict.fromkeys(self.seen.folders, "folder") | dict.fromkeys(self.seen.files, "file")
        kinds |= dict.fromkeys(self.seen.gone, "gone") | dict.fromkeys(self.seen.special, "special")
        closed = {path for path, _ in self.seen.closed}
        hides: dict[bytes, bool] = {}
        for folder in sorted(self.seen.folders, key=lambda path: (path.count(b"/"), path)):
            above = parent(folder) if folder else None
            hides[folder] = self.seen.folders[folder] or (above is not None and hides[above])
            if above is not None and above not in self.kept:
                continue  # inside of a submodule
            if folder in self.modules:
                continue
            hidden = hides[folder] and folder not in closed
            self.kept[folder] = self._left(folder, kinds, hidden)

    def _left(self, folder: bytes, kinds: dict[bytes, str], hidden: bool) -> Folder:
        """The entries of base that are still there, in one folder."""
        left: Folder = {}
        for name, entry in self.base.get(folder, {}).items():
            path = inside(folder, name)
            match kinds.get(path):
                case None:
                    stays = not hidden
                case "file":
                    stays = not entry.is_folder and entry.mode != GITLINK
                    if stays:
                        self.tracked[path] = entry
                case "folder":
                    stays = entry.is_folder or entry.mode == GITLINK
                    if entry.mode == GITLINK:
                        self.modules.append(path)
                case "special":
                    stays = not entry.is_folder and entry.mode != GITLINK
                case _:
                    stays = False
            if stays:
                left[name] = entry
            elif entry.is_folder:
                self.lost_folders += 1
            else:
                self.lost_files += 1
        return left

    def touched(self, root: bytes, limits: CollectLimits) -> list[bytes]:
        """The tracked files, but for large ones that are as they were; reads those."""
        return [
            path
            for path, entry in self.tracked.items()
            if not _is_same_and_large(os.path.join(root, path), entry, limits.max_file_bytes)
        ]

    def with_entries(self, entries: dict[bytes, Entry], paths: list[bytes]) -> dict[bytes, Folder]:
        """What each folder holds once `paths` are taken over."""
        folders = {path: dict(left) for path, left in self.kept.items()}
        for path in paths:
            if path in entries:
                folders[parent(path)][path.rpartition(b"/")[2]] = entries[path]
        return folders


def _is_same_and_large(path: bytes, entry: Entry, most: int) -> bool:
    try:
        size = os.lstat(path).st_size
        if size <= most or os.path.islink(path):
            return False
        new = hashlib.sha256 if len(entry.oid) == 64 else hashlib.sha1
        digest = new(b"blob %d\0" % size)
        with open_plain(os.fsdecode(path)) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest() == entry.oid


async def _write_small_index(git: Git, view: _View) -> None:
    """An index of base's files at the paths of the upper folder, and a stand-in for the others.

    Git has to know that a folder is not new, not what else is in it. What ignores what is said by
    files of base that are not in the upper folder, too: git reads such a one from the index where
    the entry is marked as one that a sparse checkout leaves out.
    """
    records: list[bytes] = []
    ignores: list[bytes] = []
    here = {*view.seen.folders, *view.seen.files, *view.seen.gone, *view.seen.special}
    for folder, entries in view.base.items():
        others = False
        for name, entry in entries.items():
            path = inside(folder, name)
            if path not in here and (entry.is_folder or name != b".gitignore"):
                others = True
            elif not entry.is_folder:
                records.append(entry.record(path))
            elif path not in view.seen.folders:
                records.append(_stand_in(path, here, entry))
            untouched = path not in view.tracked and name in view.kept.get(folder, {})
            if name == b".gitignore" and untouched and entry.mode.startswith("100"):
                ignores.append(path)
        if others:
            records.append(_stand_in(folder, here, next(iter(entries.values()))))
    for command, lines in (("--index-info", records), ("--skip-worktree", ignores)):
        if lines:
            options = ("--stdin",) if command == "--skip-worktree" else ()
            listed = b"\0".join(lines) + b"\0"
            await git.run("update-index", "-z", command, *options, stdin=listed)


def _stand_in(folder: bytes, here: set[bytes], like: Entry) -> bytes:
    """A record of a file that is not there, under a name that nothing has."""
    path = inside(folder, _STAND_IN)
    while path in here:
        path += b"-"
    return Entry(FILE, "1" * len(like.oid)).record(path)


async def _entries(git: Git) -> dict[bytes, Entry]:
    listed = (await git.run("ls-files", "-z", "--stage")).stdout.split(b"\0")[:-1]
    found = {}
    for line in listed:
        facts, _, path = line.partition(b"\t")
        mode, oid, _ = facts.decode("ascii").split(" ")
        found[path] = Entry(mode, oid)
    return found
