"""Used workspaces kept clean for the next run: resetting one is many times cheaper than a checkout.

Owns the pool's folder. A workspace is claimed by renaming it away, so two runs never get the same
one. Nothing of an earlier run is handed on but the bytes of base: what was not in bubblewrap, and
what cannot be made clean beyond doubt, is thrown away.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.pool_record import record_of, write_record
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.checkouts.workspace import create_workspace, reset_workspace
from factory_engine.git.edge import storage_errors
from factory_engine.git.index import drop_index
from factory_engine.git.store import RunStore

LIMIT = 8
_HIDDEN = "."
_RECORD = "record"


@dataclass(frozen=True)
class Pool:
    """The kept workspaces of one repository.

    Args:
        folder: holds an entry a workspace; on the file system of the workspaces.
        limit: how many are kept at most.
    """

    folder: Path
    limit: int = LIMIT

    async def take(self, store: RunStore, base: str, path: Path, index: Path) -> None:
        """Put a clean workspace of the commit `base` at `path`, its index at `index`.

        What it holds is noted beside the index, for `give_back`.

        Raises:
            StorageError: the disk refused.
        """
        for entry in self._entries():
            if self._claim(entry, path, index):
                if await reset_workspace(store, base, path, index, used=False):
                    break
                await asyncio.to_thread(remove_workspace, path)
        else:
            await create_workspace(store, base, path, index)
        with storage_errors("what a workspace holds could not be noted", index):
            await asyncio.to_thread(write_record, path, index)

    async def give_back(
        self, store: RunStore, base: str, path: Path, index: Path, *, confined: bool
    ) -> None:
        """Clean the workspace at `path` and keep it, or remove it.

        No process may be at work in it any more.

        Args:
            store: the store of the run that used it.
            base: full id of the run's base commit.
            path: the workspace, as `take` made it.
            index: the index that `take` made.
            confined: every program that was ever in it was confined by bubblewrap, so that none
                could lead out of it, by a hard link or by a process that lives on. Without that
                it is not kept.

        Raises:
            StorageError: it could neither be kept nor removed.
        """
        wanted = confined and len(self._entries()) < self.limit
        if not wanted or not await reset_workspace(store, base, path, index):
            await asyncio.to_thread(remove_workspace, path)
            return
        name = uuid.uuid4().hex[:12]
        entry = self.folder / f"{_HIDDEN}{name}"
        with storage_errors("a workspace could not be kept", self.folder):
            await asyncio.to_thread(write_record, path, index)
            storage.make_folder(entry, durable=False)
            storage.move_file(record_of(index), entry / _RECORD)
            drop_index(index)
            storage.disk.replace(path, entry / "tree")
            storage.disk.replace(entry, self.folder / name)

    def _entries(self) -> list[Path]:
        """Complete entries; a hidden one was being made or claimed by a process that died."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if not path.name.startswith(_HIDDEN))

    def _claim(self, entry: Path, path: Path, index: Path) -> bool:
        """Move an entry's workspace and record to their places; False if another run was faster."""
        claimed = entry.with_name(f"{_HIDDEN}{entry.name}-{uuid.uuid4().hex[:6]}")
        try:
            storage.disk.replace(entry, claimed)
        except OSError:
            return False
        try:
            storage.move_file(claimed / _RECORD, record_of(index))
            storage.disk.replace(claimed / "tree", path)
        except OSError:
            return False
        finally:
            remove_workspace(claimed)
        return True
