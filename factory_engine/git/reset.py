"""A used workspace made as good as new, which is several times cheaper than a new one.

Owns the way back to a base, and the proof that it was reached. Works with the factory's own git
directory and index; what a worker did to the workspace's `.git` plays no part.
"""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import GitError
from factory_engine.git.checkout import add_repository
from factory_engine.git.edge import is_real_folder
from factory_engine.git.index import drop_lock
from factory_engine.git.process import Git
from factory_engine.git.removal import remove_tree
from factory_engine.git.store import RunStore


async def reset_workspace(store: RunStore, base: str, path: Path, index: Path) -> bool:
    """Brings the workspace at `path` to `base` again: the same files and folders, nothing else.

    Args:
        store: the new run's store.
        base: full id of the base commit; another one than before is fine.
        path: the used workspace; no process may be left in it.
        index: the factory's own index of it, as the last collection left it.

    Returns:
        False when it could not be made clean beyond doubt; throw it away then.
    """
    git = store.git.with_index(index).with_work_tree(path)
    try:
        if not await asyncio.to_thread(_is_usable, path, index):
            return False
        listed = (await git.run("ls-tree", "-r", "-z", "--full-tree", base)).stdout
        await asyncio.to_thread(_remove_strangers, os.fsencode(path), listed)
        if not await _restore(git, base):
            return False
        objects = (store.base_store.path / "objects",)
        add_repository(path, index, object_format=store.object_format, objects=objects, base=base)
    except (GitError, OSError):
        return False
    return True


async def _restore(git: Git, base: str) -> bool:
    """Writes anew what differs in content, mode or time stamps; True when nothing does any more."""
    await git.run("read-tree", "--reset", "-u", base, timeout_s=900)
    differs = await git.run("diff-files", "--quiet", "--ignore-submodules=all", ok=(0, 1))
    return differs.rc == 0


def _is_usable(path: Path, index: Path) -> bool:
    drop_lock(index)
    return index.is_file() and stat.S_ISDIR(os.lstat(path).st_mode)


def _remove_strangers(root: bytes, listed: bytes) -> None:
    """Removes all that is not of the tree `listed` (output of `ls-tree -r -z`), `.git` included."""
    files, folders, modules = _expected(listed)
    usual = _usual_rights(root)
    waiting = [b""]
    while waiting:
        relative = waiting.pop()
        here = os.path.join(root, relative)
        if stat.S_IMODE(os.lstat(here).st_mode) != usual:
            os.chmod(here, usual)
        for entry in list(os.scandir(here)):
            name = relative + entry.name
            folder = is_real_folder(entry)
            if folder and name in folders:
                waiting.append(name + b"/")
            elif folder or name not in files:
                remove_tree(entry.path)
            if folder and name in modules:
                storage.disk.mkdir(entry.path)


def _expected(listed: bytes) -> tuple[set[bytes], set[bytes], set[bytes]]:
    """The files, folders and submodules of a tree."""
    files: set[bytes] = set()
    folders: set[bytes] = set()
    modules: set[bytes] = set()
    for entry in listed.split(b"\0")[:-1]:
        facts, _, path = entry.partition(b"\t")
        (modules if facts.startswith(b"160000") else files).add(path)
        while (cut := path.rfind(b"/")) > 0 and (path := path[:cut]) not in folders:
            folders.add(path)
    return files, folders, modules


def _usual_rights(root: bytes) -> int:
    """The rights that a folder made here gets: a new, empty `.git` shows them."""
    os.chmod(root, stat.S_IRWXU)
    private = os.path.join(root, b".git")
    remove_tree(private)
    storage.disk.mkdir(private)
    rights = stat.S_IMODE(os.lstat(private).st_mode)
    storage.disk.rmdir(private)
    return rights
