"""A hundred ports for each worker and for Z, so that two test servers do not meet.

Owns which ranges this machine's runs have now: a lock for each, which dies with the process that
drives the run. Below the range that systems give to outgoing connections.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.checkouts.shared_lock import SharedLock

FIRST, LAST, EACH = 20_000, 32_600, 100


@dataclass
class Ports:
    """The ranges of one run.

    Args:
        folder: where the locks of all runs of this user lie.
    """

    folder: Path
    _held: dict[str, tuple[int, SharedLock]] = field(default_factory=dict)

    def base_of(self, owner: str) -> int:
        """The first of the hundred ports of `owner`; all were free when they were given.

        0 where every range is taken.

        Raises:
            StorageError: the disk refused.
        """
        if owner not in self._held:
            for base in range(FIRST, LAST, EACH):
                lock = SharedLock(self.folder / str(base))
                if lock.take():
                    if _are_free(base):
                        self._held[owner] = base, lock
                        break
                    lock.release()
        return self._held[owner][0] if owner in self._held else 0

    def release(self) -> None:
        """Nobody has them any more."""
        for _, lock in self._held.values():
            lock.release()
        self._held.clear()


def _are_free(base: int) -> bool:
    with contextlib.ExitStack() as opened:
        for port in range(base, base + EACH):
            one = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
