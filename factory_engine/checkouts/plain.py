"""A tree as files in a fresh folder, with a repository of its own around them.

Owns checkouts. Never lets a checkout share config, refs or hooks with anything: `git worktree add`
does, and a worker's `git config` or `update-ref -d` would reach the user's repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import GitError, StorageError
from factory_engine.git.edge import storage_errors
from factory_engine.git.index import seed_index
from factory_engine.git.layout import write_private
from factory_engine.git.process import Git
from factory_engine.git.store import RunStore

_TIMEOUT_S = 1800


async def checkout_tree(
    store: RunStore,
    tree: str,
    path: Path,
    index: Path,
    base: str,
    objects: Sequence[Path] | None = None,
) -> None:
    """Checks `tree` out at `path`; in it, HEAD is at `base` and the differences are staged.

    Args:
        store: the run's store, which holds `tree`.
        tree: full id of a tree or commit.
        path: a folder that does not exist yet.
        index: the factory's own index of this checkout, outside of it.
        base: full id of the base commit.
        objects: where git in it finds the objects of `tree`; None for the run's store itself.

    Raises:
        StorageError: the disk refused, or `path` exists.
    """
    await lay_out_files(store.git, tree, path, index)
    around = (store.path / "objects",) if objects is None else objects
    every = (store.base_store.path / "objects", *around)
    add_repository(store, path, index, objects=every, base=base)


async def lay_out_files(git: Git, tree: str, path: Path, index: Path) -> None:
    """Writes the files of `tree` below the new folder `path` and their stat data into `index`."""
    _make_folder(path)
    await seed_index(git, tree, index)
    # Without `-u` the index would know nothing of the files, and every later look would hash them.
    command = ("checkout-index", "--all", "--force", "--index", "--quiet")
    try:
        await git.with_index(index).with_work_tree(path).run(*command, timeout_s=_TIMEOUT_S)
    except GitError as error:
        # It names the file that it could not write but not the reason, which is the disk's.
        raise StorageError(
            f"not all files could be written ({error.what})",
            where=str(path),
            advice=storage.FREE_SPACE,
        ) from error


def _make_folder(path: Path) -> None:
    with storage_errors("a checkout could not be made", path):
        storage.make_folder(path.parent, durable=False)
        storage.disk.mkdir(path)


def add_repository(
    store: RunStore, path: Path, index: Path | None, *, objects: tuple[Path, ...], base: str
) -> None:
    """Puts a private `.git` into the checkout at `path`, with a copy of `index` if there is one.

    What the run's store knows of the history is shown in it.

    Raises:
        StorageError: the disk refused.
    """
    private = path / ".git"
    history = store.history
    write_private(
        private,
        object_format=store.object_format,
        alternates=(*objects, history.objects) if history else objects,
        commit=base,
        shallow=history.shallow if history else (base,),
        refs=history.refs if history else b"",
    )
    if index is not None:
        with storage_errors("a checkout could not be made", path):
            storage.disk.copy(index, private / "index")
