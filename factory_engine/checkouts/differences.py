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
from factory_engine.git.diff import TreeChange, tree_changes
from factory_engine.git.edge import storage_errors
from factory_engine.git.index import drop_index
from factory_engine.git.modes import GITLINK
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
    gone = [change.path for change in changes if change.new_oid is None]
    there = [change for change in changes if change.new_oid is not None]
    modules = [change for change in there if change.new_mode == GITLINK]
    files = [change for change in there if change.new_mode != GITLINK]
    work = git.with_work_tree(folder)
    try:
        if files:
            await _write_files(work.with_index(index.with_name(f"{index.name}.changes")), files)
        await _take_over(work.with_index(index), gone, files, modules)
    except GitError as error:
        raise StorageError(
            f"not all files could be written ({error.what})",
            where=str(folder),
            advice=storage.FREE_SPACE,
        ) from error
    marks = await _marks(git, tree, gone) if gone else []
    with storage_errors("a checkout could not be made", folder):
        await asyncio.to_thread(
            _finish, os.fsencode(folder), [module.path for module in modules], marks
        )
    return changes


async def _write_files(git: Git, files: Sequence[TreeChange]) -> None:
    """The files alone, by way of an index of nothing else: it costs what they are."""
    assert git.index is not None
    try:
        records = b"".join(map(_record, files))
        await git.run("update-index", "-z", "--index-info", stdin=records)
        await git.run("checkout-index", "--all", "--force", "--quiet", timeout_s=_TIMEOUT_S)
    finally:
        with storage_errors("an index could not be removed", git.index):
            drop_index(git.index)


async def _take_over(
    git: Git, gone: Sequence[bytes], files: Sequence[TreeChange], modules: Sequence[TreeChange]
) -> None:
    """Brings the index of the whole to what was written; reads and writes it once, mostly.

    Git adds what lies in the folder, with its stat data, and takes away what does not. What stood
    below a new file or link goes with `--replace`: git looks at no path below a link.
    """
    new = {change.path for change in files}
    left_over = [path for path in gone if new.isdisjoint(ancestors(path))]
    listed = b"".join(path + b"\0" for path in [*left_over, *sorted(new)])
    command = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
    await git.run(*command, stdin=listed, timeout_s=_TIMEOUT_S)
    if modules:
        records = b"".join(map(_record, modules))
        await git.run("update-index", "-z", "--index-info", stdin=records)


def _record(change: TreeChange) -> bytes:
    return f"{change.new_mode} {change.new_oid}\t".encode("ascii") + change.path + b"\0"


async def _marks(git: Git, tree: str, gone: Sequence[bytes]) -> list[bytes]:
    """The paths to mark as gone: of a folder of which nothing is left, the folder."""
    around = {folder for path in gone for folder in ancestors(path)}
    left = await read_folders(git, tree, around)
    folders_to_mark = set[bytes]()
    for path in gone:
        top = path
        for folder in ancestors(path):
            if folder in left:
                break
            top = folder
        folders_to_mark.add(top)
    return sorted(folders_to_mark)


def _finish(folder: bytes, modules: Sequence[bytes], marks: Sequence[bytes]) -> None:
    for module in modules:
        storage.make_folder(Path(os.fsdecode(folder + b"/" + module)), durable=False)
    for mark in marks:
        path = os.path.join(folder, mark)
        if not os.path.lexists(path):  # else a file stands where a folder was, or the reverse
            storage.make_folder(Path(os.fsdecode(os.path.dirname(path))), durable=False)
            storage.disk.whiteout(path)
