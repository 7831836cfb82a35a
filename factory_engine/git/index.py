"""Index files: a fresh one for a commit, by copying where a ready-made one exists.

Owns how an index comes to hold a tree. Never touches the index of the user's repository. Reading a
tree of 50,000 files into an index takes twenty times longer than copying the result.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from factory_engine import storage
from factory_engine.git.edge import storage_errors
from factory_engine.git.process import Git


async def seed_index(git: Git, tree_ish: str, index: Path) -> None:
    """Makes `index` hold exactly `tree_ish`, without any stat data of files.

    Args:
        git: the store to read from; its `pristine` folder is looked at first.
        tree_ish: full id of a commit or tree.
        index: the file to write; one that is there is replaced.

    Raises:
        StorageError: it could not be written. GitError: the tree is not there.
    """
    with storage_errors("an index could not be written", index):
        storage.make_folder(index.parent, durable=False)
        drop_index(index)
        if git.pristine is not None:
            with suppress(FileNotFoundError):
                storage.disk.copy(git.pristine / tree_ish, index)
                return
    await git.with_index(index).run("read-tree", tree_ish)


async def keep_pristine(git: Git, commit: str) -> None:
    """Puts the index of `commit` into the store's `pristine` folder, for later copies."""
    if git.pristine is None:
        return
    half = git.pristine / f".tmp.{commit}"
    await seed_index(git, commit, half)
    with storage_errors("an index could not be kept", half):
        # On the disk before it has its name: no run may start from a torn one.
        with half.open("rb+") as file:
            storage.disk.fsync(file.fileno())
        storage.disk.replace(half, git.pristine / commit)


def drop_index(index: Path) -> None:
    """Removes an index and the lock that a killed git may have left beside it."""
    _drop(index)
    drop_lock(index)


def drop_lock(index: Path) -> None:
    """Removes a stale lock of one of the factory's own indexes."""
    _drop(index.with_name(index.name + ".lock"))


def _drop(path: Path) -> None:
    with suppress(FileNotFoundError):
        storage.disk.unlink(path)
