"""A worker's private checkout of the base.

Owns its making; taking away and using again are in `removal` and `reset`, and named here as well.
What a worker needs git for works in it: status, diff, log, add, commit. It has no remote, and it
shares nothing that can be written with the user's repository or with another worker.
"""

from __future__ import annotations

from pathlib import Path

from factory_engine.checkouts.plain import add_repository, lay_out_files
from factory_engine.checkouts.pool_reset import reset_workspace
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.git.store import RunStore

__all__ = ["create_workspace", "remove_workspace", "reset_workspace"]


async def create_workspace(store: RunStore, base: str, path: Path, index: Path) -> None:
    """Checks the commit `base` out at `path`.

    Args:
        store: the run's store; the workspace reads the base from the store below it, and writes
            its own objects into its own `.git`.
        base: full id of the base commit.
        path: a folder that does not exist yet.
        index: the factory's own index of the workspace; anywhere but inside it.

    Raises:
        StorageError: the disk refused, or `path` exists.
    """
    await lay_out_files(store.git, base, path, index)
    objects = (store.base_store.path / "objects",)
    add_repository(store, path, index, objects=objects, base=base)
