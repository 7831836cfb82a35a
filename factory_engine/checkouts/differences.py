"""A tree laid out as what differs from another: an overlay's upper folder, made by the factory.

Owns the writing of changed files, of the marks for what is gone, and of the index that describes
the whole. Costs what differs, whatever the size of the tree.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import GitError, StorageError
from factory_engine.git.diff import GITLINK, TreeChange, tree_changes
from factory_engine.git.edge import storage_errors
from factory_engine.git.process import Git
from factory_engine.git.trees import ancestors, read_folders

_TIMEOUT_S = 1800


async def lay_out_differences(
    git: Git, below: str, tree: str, folder: Path, index: Path
) -> tuple[TreeChange, ...]:
    """Makes of `folder` what has to lie over the files of `below` for those of `tree` to be seen.

    Args:
        git: the store that holds both.
        below: full id of the commit or tree whose files lie below.
        tree: full id of the commit or tree that is wanted.
        folder: an empty folder.
        index: holds `below` with the stat data of its files; afterwards `tree`, in the same way.

    Returns:
        what differs.

    Raises:
        StorageError: the disk refused.
    """
    changes = await tree_changes(git, below, tree)
    if not changes:
        return changes
    there = [change for change in changes if change.new_oid is not None]
    gone = [change.path for change in changes if change.new_oid is None]
    zero = "0" * len(tree)
    records = [
        f"{change.new_mode or 0} {change.new_oid or zero}\t".encode("ascii") + change.path
        # what vanishes first: a folder may become a file
        for change in sorted(changes, key=lambda change: change.new_oid is not None)
    ]
    work = git.with_index(index).with_work_tree(folder)
    await work.run("update-index", "-z", "--index-info", stdin=b"\0".join(records) + b"\0")
    files = [change.path for change in there if change.new_mode != GITLINK]
    try:
        command = ("checkout-index", "--force", "--index", "--quiet", "-z", "--stdin")
        await work.run(*command, stdin=b"".join(p + b"\0" for p in files), timeout_s=_TIMEOUT_S)
    except GitError as error:
        raise StorageError(
            f"not all files could be written ({error.what})",
            where=str(folder),
            advice=storage.FREE_SPACE,
        ) from error
    modules = [change.path for change in there if change.new_mode == GITLINK]
    marks = await _marks(git, tree, gone) if gone else []
    with storage_errors("a checkout could not be made", folder):
        await asyncio.to_thread(_finish, os.fsencode(folder), modules, marks)
    return changes


async def _marks(git: Git, tree: str, gone: Sequence[bytes]) -> list[bytes]:
    """The paths to mark as gone: of a folder of which nothing is left, the folder."""
    around = {folder for path in gone for folder in ancestors(path)}
    left = await read_folders(git, tree, around)
    found = set[bytes]()
    for path in gone:
        top = path
        for folder in ancestors(path):
            if folder in left:
                break
            top = folder
        found.add(top)
    return sorted(found)


def _finish(folder: bytes, modules: Sequence[bytes], marks: Sequence[bytes]) -> None:
    for module in modules:
        storage.make_folder(Path(os.fsdecode(folder + b"/" + module)), durable=False)
    for mark in marks:
        path = os.path.join(folder, mark)
        if not os.path.lexists(path):  # else a file stands where a folder was, or the reverse
            storage.make_folder(Path(os.fsdecode(os.path.dirname(path))), durable=False)
            storage.disk.whiteout(path)
