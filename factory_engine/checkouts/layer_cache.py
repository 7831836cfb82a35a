"""The folder of kept checkouts as a whole: what lies there, who uses it, what can go.

Owns listing and removing. A layer that somebody uses, or that another one lies over, stays.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.layer_record import (
    FACTS,
    Layer,
    facts_of_layer,
    layer_bytes,
    read_layer,
)
from factory_engine.checkouts.removal import remove_tree, remove_workspace
from factory_engine.checkouts.shared_lock import SharedLock
from factory_engine.git.edge import storage_errors

DEEPEST = 8  # each further layer makes every look-up of a name a little slower
_HALF = f"{storage.TEMPORARY_PREFIX}layer."
_MAKING, _USE = "making", "use"


@dataclass(frozen=True)
class LayerUse:
    """A layer as `factory cache` shows it.

    Args:
        key: its name.
        what: `base` for a checkout, else the name of the step that prepared it.
        bytes: what it takes on disk.
        last_used: when that was, in seconds since the epoch.
        in_use: whether somebody uses it now.
    """

    key: str
    what: str
    bytes: int
    last_used: float
    in_use: bool


@dataclass(frozen=True)
class LayerCache:
    """The layers of one repository.

    Args:
        folder: holds a folder a layer.
    """

    folder: Path

    def keys(self) -> list[str]:
        """The names of all layers, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(path.parent.name for path in self.folder.glob(f"[0-9a-f]*/{FACTS}"))

    def chain(self, key: str) -> list[Layer]:
        """The layer and those below it, the uppermost first; empty where one is missing."""
        found: list[Layer] = []
        while key:
            layer = read_layer(self.folder / key)
            if layer is None or len(found) >= DEEPEST:
                return []
            found.append(layer)
            key = layer.below
        return found

    def uses(self) -> list[LayerUse]:
        """Every layer, the one that was used last first. Reads the disk: use a thread."""
        listed = []
        for key in self.keys():
            with contextlib.suppress(OSError):
                lock = self.use(key)
                used = os.stat(lock.path).st_mtime if lock.path.exists() else 0.0
                facts = facts_of_layer(self.folder / key)
                what = str(facts.get("step") or "base")
                size = layer_bytes(self.folder / key)
                listed.append(LayerUse(key, what, size, used, not lock.is_free()))
        return sorted(listed, key=lambda use: (-use.last_used, use.key))

    def remove(self, keys: Sequence[str]) -> list[str]:
        """Removes those of `keys` that nobody uses and nothing lies over; the ones it removed.

        Raises:
            StorageError: one of them cannot be removed.
        """
        removed = []
        waiting = list(keys)
        while waiting:
            before = len(waiting)
            for key in tuple(waiting):
                if self._remove(key):
                    removed.append(key)
                    waiting.remove(key)
            if len(waiting) == before:
                break
        return removed

    def trim(self, most: int) -> list[str]:
        """Removes what was not used for the longest time until at most `most` bytes are taken."""
        removed = []
        uses = self.uses()
        taken = sum(use.bytes for use in uses)
        for use in reversed(uses):
            if taken > most and self._remove(use.key):
                removed.append(use.key)
                taken -= use.bytes
        return removed

    def sweep(self) -> None:
        """Removes what a process that died left half made, and what was replaced while in use."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.name.startswith(_HALF):
                key = path.name.removeprefix(_HALF).partition(".")[0]
                if self.making(key).is_free() and self.use(key).is_free():
                    remove_workspace(path)

    def making(self, key: str) -> SharedLock:
        """The lock of whoever makes or removes this layer."""
        return SharedLock(self.folder / "locks" / f"{key}.{_MAKING}")

    def use(self, key: str) -> SharedLock:
        """The lock that all who use this layer share; its file's time is that of the last use."""
        return SharedLock(self.folder / "locks" / f"{key}.{_USE}")

    def beside(self, key: str) -> Path:
        """A new name for what is not, or no longer, the layer of this name."""
        return self.folder / f"{_HALF}{key}.{uuid.uuid4().hex[:8]}"

    def _remove(self, key: str) -> bool:
        folder = self.folder / key
        if not folder.is_dir():
            return False
        others = (read_layer(self.folder / other) for other in self.keys())
        if any(other is not None and other.below == key for other in others):
            return False
        making, use = self.making(key), self.use(key)
        try:
            if not (making.take() and use.take()):
                return False
            doomed = self.beside(key)
            with storage_errors("a layer could not be removed", folder):
                storage.disk.replace(folder, doomed)  # gone in one step
                remove_tree(os.fsencode(doomed))
        finally:
            use.release()
            making.release()
        return True
