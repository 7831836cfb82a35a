"""A disk that refuses its n-th call, or at which the process dies: the double behind the seam.

Owns the counting. Every call before the n-th does what the real one does; so does every call after
it, unless the fault lasts.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from factory_engine import storage
from factory_engine.storage import AnyPath, Disk

KILLED = 137  # what a shell says of a process that kill -9 ended
_ADDING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class FaultyDisk(Disk):
    """Counts the calls that change a disk, and lets one of them fail.

    A write that fails has written half of its bytes.

    Args:
        fault: called in place of the n-th call; raises, or ends the process.
        at: the number of that call, from 1; 0 to count only.
        lasting: after the n-th call every further one that needs room fails, too.
    """

    def __init__(self, fault: Callable[[], None], at: int, *, lasting: bool = False) -> None:
        self.calls = 0
        self._fault = fault
        self._at = at
        self._lasting = lasting

    def _count(self, *, adds: bool = False) -> None:
        self.calls += 1
        if self._is_struck(adds):
            self._fault()

    def _is_struck(self, adds: bool) -> bool:
        return self.calls == self._at or (self._lasting and adds and self.calls > self._at > 0)

    def open(self, path: AnyPath, flags: int, mode: int = 0o666) -> int:
        if flags & _ADDING:
            self._count(adds=bool(flags & os.O_CREAT))
        return super().open(path, flags, mode)

    def write(self, fd: int, data: bytes) -> int:
        self.calls += 1
        if self._is_struck(adds=True):
            with contextlib.suppress(OSError):
                super().write(fd, data[: len(data) // 2])
            self._fault()
        return super().write(fd, data)

    def fsync(self, fd: int) -> None:
        self._count()
        super().fsync(fd)

    def truncate(self, fd: int, length: int) -> None:
        self._count()
        super().truncate(fd, length)

    def replace(self, source: AnyPath, target: AnyPath) -> None:
        self._count()
        super().replace(source, target)

    def copy(self, source: AnyPath, target: AnyPath) -> None:
        self._count(adds=True)
        super().copy(source, target)

    def clone(self, source: AnyPath, target: AnyPath) -> None:
        self._count(adds=True)
        super().clone(source, target)

    def symlink(self, to: AnyPath, path: AnyPath) -> None:
        self._count(adds=True)
        super().symlink(to, path)

    def unlink(self, path: AnyPath) -> None:
        self._count()
        super().unlink(path)

    def mkdir(self, path: AnyPath) -> None:
        self._count(adds=True)
        super().mkdir(path)

    def rmdir(self, path: AnyPath) -> None:
        self._count()
        super().rmdir(path)

    def whiteout(self, path: AnyPath) -> None:
        self._count(adds=True)
        super().whiteout(path)

    def spawn(self, program: str) -> None:
        self.calls += 1
        if self.calls == self._at and self._fault is dying:
            self._fault()  # a disk that refuses does not keep a program from starting
        super().spawn(program)


def refusing(number: int) -> Callable[[], None]:
    """A fault: the call fails with the error of that number."""

    def fault() -> None:
        raise OSError(number, os.strerror(number))

    return fault


def dying() -> None:
    """A fault: the process is gone, as after kill -9. Only for a process made to die."""
    os._exit(KILLED)


full = refusing(errno.ENOSPC)
broken = refusing(errno.EIO)


@contextmanager
def faulty(fault: Callable[[], None], at: int, *, lasting: bool = False) -> Iterator[FaultyDisk]:
    """Put a faulty disk in the place of the real one while the block runs."""
    before: Any = storage.disk
    storage.disk = FaultyDisk(fault, at, lasting=lasting)
    try:
        yield storage.disk
    finally:
        storage.disk = before
