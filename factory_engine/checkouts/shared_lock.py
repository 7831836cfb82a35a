"""A lock that many can share, or one have alone; the kernel frees it when its holder dies.

Owns flock(2) on a file of its own. `filelock`, which the rest of the code uses, knows no sharing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import StorageError

if os.name == "posix":
    import fcntl

_PATIENCE_S = 900.0
_PAUSE_S = 0.02


class SharedLock:
    """One holder's handle on a lock.

    Args:
        path: the lock file; made where it is missing, and never removed while it may be held.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1

    def share(self) -> bool:
        """Hold it together with others; False where somebody has it alone."""
        if self._fd >= 0:
            return True
        return self._try(shared=True)

    def take(self) -> bool:
        """Have it alone; False where somebody holds it."""
        return self._try(shared=False)

    def is_free(self) -> bool:
        """Whether nobody holds it at this moment."""
        if not self.path.exists():
            return True
        if not self.take():
            return False
        self.release()
        return True

    def release(self) -> None:
        """Let it go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @asynccontextmanager
    async def exclusively(self) -> AsyncIterator[None]:
        """Have it alone while the block runs; waits for whoever holds it.

        Raises:
            StorageError: it cannot be had.
        """
        waited = 0.0
        while not self.take():
            if waited >= _PATIENCE_S:
                raise StorageError(
                    "another process has been using it for too long",
                    where=str(self.path),
                    advice="end it, then try again",
                )
            await asyncio.sleep(_PAUSE_S)
            waited += _PAUSE_S
        try:
            yield
        finally:
            self.release()

    def _try(self, *, shared: bool) -> bool:
        if os.name != "posix":
            return True  # no layers there
        storage.make_folder(self.path.parent, durable=False)
        try:
            fd = storage.disk.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise storage.storage_error(error, self.path, "cannot be locked") from error
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            with contextlib.suppress(OSError):
                os.close(fd)
            return False
        self._fd = fd
        return True
