"""A disk that refuses its n-th call: the double behind the seam in `factory_engine.storage`.

Owns the counting. Every call before and after the n-th does what the real one does.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from factory_engine import storage
from factory_engine.storage import Disk

CHANGING = ("open", "write", "fsync", "truncate", "replace", "unlink", "mkdir")


class FaultyDisk(Disk):
    """Counts the calls that change a disk, and lets one of them fail.

    Args:
        fault: called in place of the n-th call; raises, or ends the process.
        at: the number of that call, from 1; 0 to count only.
    """

    def __init__(self, fault: Callable[[], None], at: int) -> None:
        self.calls = 0
        self._fault = fault
        self._at = at

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self._at:
            self._fault()

    def open(self, path: str | Path, flags: int, mode: int = 0o666) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self._count()
        return super().open(path, flags, mode)

    def write(self, fd: int, data: bytes) -> int:
        self._count()
        return super().write(fd, data)

    def fsync(self, fd: int) -> None:
        self._count()
        super().fsync(fd)

    def truncate(self, fd: int, length: int) -> None:
        self._count()
        super().truncate(fd, length)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        super().replace(source, target)

    def unlink(self, path: Path) -> None:
        self._count()
        super().unlink(path)

    def mkdir(self, path: Path) -> None:
        self._count()
        super().mkdir(path)


def refusing(number: int) -> Callable[[], None]:
    """A fault: the call fails with the error of that number."""

    def fault() -> None:
        raise OSError(number, os.strerror(number))

    return fault


full = refusing(errno.ENOSPC)
broken = refusing(errno.EIO)


@contextmanager
def faulty(fault: Callable[[], None], at: int) -> Iterator[FaultyDisk]:
    """Put a faulty disk in the place of the real one while the block runs."""
    before: Any = storage.disk
    storage.disk = FaultyDisk(fault, at)
    try:
        yield storage.disk
    finally:
        storage.disk = before
