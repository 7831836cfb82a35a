"""A used workspace made as good as new, which is several times cheaper than a new one.

Owns the way back to a base, and the proof that it was reached. Whatever is handed on is either
proven untouched since the factory wrote it or made anew; of a folder, which every change of a name
touches, all is set that can be set. Works with the factory's own git directory and record; what a
worker did to the workspace's `.git` plays no part.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.plain import add_repository
from factory_engine.checkouts.pool_proof import Fresh
from factory_engine.checkouts.pool_record import Record, read_record
from factory_engine.checkouts.removal import remove_tree
from factory_engine.errors import GitError
from factory_engine.git.edge import is_real_folder
from factory_engine.git.index import drop_lock
from factory_engine.git.modes import EXECUTABLE, GITLINK, LINK
from factory_engine.git.process import Git
from factory_engine.git.store import RunStore

_LINK, _EXECUTABLE, _SUBMODULE = (mode.encode() for mode in (LINK, EXECUTABLE, GITLINK))


async def reset_workspace(
    store: RunStore, base: str, path: Path, index: Path, *, used: bool = True
) -> bool:
    """Brings the workspace at `path` to `base` again: the same files and folders, nothing else.

    Args:
        store: the new run's store.
        base: full id of the base commit; another one than before is fine.
        path: the used workspace; no process may be left in it.
        index: the factory's own index of it, made anew from the record beside it.
        used: a worker was in it since the record was written, so somebody may have a file of it
            open for writing; where that is so, or cannot be known, it is not clean.

    Returns:
        False when it could not be made clean beyond doubt; throw it away then. Only Linux shows
        enough of a file for that.

    Raises:
        StorageError: the disk refused.
    """
    git = store.git.with_index(index).with_work_tree(path)
    try:
        record = await asyncio.to_thread(_record_if_usable, path, index)
        if record is None:
            return False
        listed = (await git.run("ls-tree", "-r", "-z", "--full-tree", base)).stdout
        swept = await asyncio.to_thread(_sweep, os.fsencode(path), listed, record, used)
        if not swept or not await _restore(git, base, index, record):
            return False
        objects = (store.base_store.path / "objects",)
        add_repository(store, path, index, objects=objects, base=base)
    except (GitError, OSError):
        return False
    return True


def _record_if_usable(path: Path, index: Path) -> Record | None:
    if sys.platform != "linux" or not stat.S_ISDIR(os.lstat(path).st_mode):
        return None
    return read_record(index)


async def _restore(git: Git, base: str, index: Path, record: Record) -> bool:
    """Writes what is missing or of another base; True when nothing differs any more.

    It starts from the recorded index. What the worker's collection made of it knows files that are
    proven by nothing.
    """
    drop_lock(index)
    await asyncio.to_thread(storage.replace_file, index, record.index, durable=False)
    await git.run("read-tree", "--reset", "-u", base, timeout_s=900)
    differs = await git.run("diff-files", "--quiet", "--ignore-submodules=all", ok=(0, 1))
    return differs.rc == 0


def _sweep(root: bytes, listed: bytes, record: Record, used: bool) -> bool:
    """Leaves nothing but what is of the tree `listed` (output of `ls-tree -r -z`) and as it was."""
    fresh = Fresh.made_in(os.path.dirname(root))
    return _Sweep(_Tree.read(listed), record, fresh, used).leaves_what_is_proven(root)


@dataclass(frozen=True)
class _Tree:
    """Files with their modes, folders and submodules of a tree."""

    files: dict[bytes, bytes]
    folders: set[bytes]
    modules: set[bytes]

    @classmethod
    def read(cls, listed: bytes) -> _Tree:
        tree = cls({}, set(), set())
        for entry in listed.split(b"\0")[:-1]:
            facts, _, path = entry.partition(b"\t")
            mode = facts[: len(_SUBMODULE)]
            if mode == _SUBMODULE:
                tree.modules.add(path)
            else:
                tree.files[path] = mode
            while (cut := path.rfind(b"/")) > 0 and (path := path[:cut]) not in tree.folders:
                tree.folders.add(path)
        return tree


@dataclass(frozen=True)
class _Sweep:
    """One walk over a used workspace, `.git` included."""

    tree: _Tree
    record: Record
    fresh: Fresh
    used: bool

    def leaves_what_is_proven(self, root: bytes) -> bool:
        """Removes the rest; False when a folder or a file cannot be made sure of."""
        waiting = [b""]
        while waiting:
            relative = waiting.pop()
            here = os.path.join(root, relative)
            # First of all: without its rights nothing in it can be seen or removed.
            if not self.fresh.renew_folder(here):
                return False
            with os.scandir(here) as entries:
                listed = list(entries)
            for entry in listed:
                name = relative + entry.name
                if is_real_folder(entry):
                    if name in self.tree.folders:
                        waiting.append(name + b"/")
                    else:
                        self._remove_folder(name, entry.path)
                elif name not in self.tree.files:
                    remove_tree(entry.path)
                elif not self._settle(name, entry):
                    return False
        return True

    def _remove_folder(self, name: bytes, path: bytes) -> None:
        remove_tree(path)
        if name in self.tree.modules:
            storage.disk.mkdir(path)

    def _settle(self, name: bytes, entry: os.DirEntry[bytes]) -> bool:
        """Removes a file that is not proven; False when somebody can still write it."""
        facts = entry.stat(follow_symlinks=False)
        proven = self._is_proven(name, entry.path, facts)
        if self.used and stat.S_ISREG(facts.st_mode) and self._is_at_work_in(entry.path, proven):
            return False
        if not proven:
            remove_tree(entry.path)
        return True

    def _is_proven(self, name: bytes, path: bytes, facts: os.stat_result) -> bool:
        if not self.record.holds(name, facts):
            return False
        mode = self.tree.files[name]
        if mode == _LINK:
            return stat.S_ISLNK(facts.st_mode) and facts.st_nlink == 1
        executable = mode == _EXECUTABLE
        return stat.S_ISREG(facts.st_mode) and self.fresh.is_file(
            path, facts, executable=executable
        )

    def _is_at_work_in(self, path: bytes, proven: bool) -> bool:
        """Whether somebody has it open. One that is removed and cannot be opened is let go."""
        if proven:
            return not self.fresh.is_left_alone(path)
        with suppress(PermissionError):
            return not self.fresh.is_left_alone(path)
        return False
