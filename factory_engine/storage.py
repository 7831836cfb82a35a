"""Durable writes: every file of a run goes through here.

Owns atomic replacement, appending with acknowledgement, and the translation of disk errors. Knows
no file name of a run. The primitive calls go through one `Disk`, so that a test can make the n-th
of them fail or kill the process. What does not go through it changes no state that outlives a kill:
locks, which the kernel frees, rights of files, and scratch folders of `tempfile`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from pathlib import Path

from factory_engine.errors import FactoryError, StorageError

if sys.platform == "linux":
    import fcntl

TEMPORARY_PREFIX = ".tmp."
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FICLONE = 0x40049409  # ioctl_ficlone(2)
_CLONE_NOFOLLOW = 1  # clonefile(2) of macOS

AnyPath = str | bytes | Path


class Disk:
    """The system calls that change a disk: the seam at which faults are injected."""

    def open(self, path: AnyPath, flags: int, mode: int = 0o666) -> int:
        """`os.open`, never through a symbolic link in the last component."""
        return os.open(path, flags | _NOFOLLOW | _BINARY, mode)

    def write(self, fd: int, data: bytes) -> int:
        """One `write`; may be short."""
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        """Flush a file or folder to the device."""
        os.fsync(fd)

    def truncate(self, fd: int, length: int) -> None:
        """Cut a file back."""
        os.ftruncate(fd, length)

    def replace(self, source: AnyPath, target: AnyPath) -> None:
        """Atomic rename, of a file also over an existing one."""
        os.replace(source, target)

    def copy(self, source: AnyPath, target: AnyPath) -> None:
        """The bytes of a file at another path; no durable copy, and not atomic."""
        shutil.copyfile(source, target)

    def clone(self, source: AnyPath, target: AnyPath) -> None:
        """A new file that shares the bytes of `source` until one of the two is written.

        Follows no link. An empty file may be left at `target` when it fails.
        """
        if sys.platform == "linux":
            _clone_by_ioctl(self, source, target)
        elif sys.platform == "darwin":
            _clone_by_name(source, target)
        else:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    def symlink(self, to: AnyPath, path: AnyPath) -> None:
        """Create the symbolic link `path` that leads to `to`."""
        os.symlink(to, path)

    def unlink(self, path: AnyPath) -> None:
        """Remove a file."""
        os.unlink(path)

    def mkdir(self, path: AnyPath) -> None:
        """Create one folder; FileExistsError if it is there."""
        os.mkdir(path)

    def rmdir(self, path: AnyPath) -> None:
        """Remove an empty folder."""
        os.rmdir(path)

    def sync_all(self) -> None:
        """Flush everything that was written so far, whoever wrote it."""
        if hasattr(os, "sync"):
            os.sync()

    def whiteout(self, path: AnyPath) -> None:
        """Mark a path of an overlay's upper folder as gone: a character device 0:0."""
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(0, 0))

    def spawn(self, program: str) -> None:
        """Called just before `program` is started: what it changes lies behind this call."""


def _clone_by_ioctl(disk: Disk, source: AnyPath, target: AnyPath) -> None:
    taken = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        made = disk.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            fcntl.ioctl(made, _FICLONE, taken)
        finally:
            os.close(made)
    finally:
        os.close(taken)


if sys.platform == "darwin":
    import ctypes

    def _clone_by_name(source: AnyPath, target: AnyPath) -> None:
        system = ctypes.CDLL(None, use_errno=True)
        if system.clonefile(os.fsencode(source), os.fsencode(target), _CLONE_NOFOLLOW) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), os.fsdecode(target))


FREE_SPACE = "free some space, then give the same command again"
disk = Disk()


def storage_error(error: OSError, path: Path, action: str) -> FactoryError:
    """`error` in words: what could not be done, where, and what to do about it."""
    reason = error.strerror or str(error)
    advice = ""
    if error.errno in _FULL:
        advice = FREE_SPACE
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = "make it writable, or choose another folder"
    return StorageError(f"{action}: {reason}", where=os.fsdecode(path), advice=advice)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable. Windows offers no such call and needs none."""
    if os.name == "nt":
        return
    fd = disk.open(path, os.O_RDONLY)
    try:
        disk.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, continuing after short writes."""
    view = memoryview(data)
    while view:
        view = view[disk.write(fd, bytes(view)) :]


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` at `path`, whole or not at all: temporary file, fsync, rename, folder fsync.

    Args:
        path: the file; there is one writer of it at a time.
        data: its content.
        durable: False for what can be made again: whole for whoever reads it while the machine
            runs, but not flushed.

    Raises:
        StorageError: the disk refused; an older file at `path` is untouched.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}")
    try:
        with contextlib.suppress(FileNotFoundError):
            disk.unlink(temporary)
        fd = disk.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            write_all(fd, data)
            if durable:
                disk.fsync(fd)
        finally:
            os.close(fd)
        disk.replace(temporary, path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            disk.unlink(temporary)
        raise storage_error(error, path, "cannot be written") from error


def make_folder(path: Path, *, durable: bool = True) -> None:
    """Create `path` and what is missing above it. StorageError if that cannot be.

    Args:
        path: the folder.
        durable: False for one that can be made again.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent, durable=durable)
    try:
        with contextlib.suppress(FileExistsError):
            disk.mkdir(path)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path, "cannot be created") from error


def move_file(source: Path, target: Path) -> None:
    """Move a file, also to another file system. Raises OSError."""
    try:
        disk.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        disk.copy(source, target)
        disk.unlink(source)


def remove_file(path: Path) -> bool:
    """Remove a file durably; False where there was none.

    Raises:
        StorageError: it is still there, or may come back after a power loss.
    """
    try:
        disk.unlink(path)
        sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage_error(error, path, "cannot be removed") from error
    return True


def append_durably(fd: int, data: bytes, length: int, path: Path) -> None:
    """Append `data` to a file that is `length` bytes long and have it on the device.

    A write that fails or stays short is cut back, so that a refused append leaves no trace.

    Raises:
        StorageError: nothing of `data` counts as written.
    """
    try:
        try:
            if disk.write(fd, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            with contextlib.suppress(OSError):
                disk.truncate(fd, length)
            raise
        disk.fsync(fd)  # a failed fsync is never retried: what reached the device is unknown
    except OSError as error:
        raise storage_error(error, path, "could not be appended to") from error


def probe(folder: Path) -> None:
    """Try what a run needs of a folder: create, fsync, rename, remove. StorageError if refused."""
    try:
        first = folder / f"{TEMPORARY_PREFIX}probe-{os.getpid()}"
        renamed = first.with_name(f"{first.name}.renamed")
        fd = disk.open(first, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(fd, b"probe\n")
            disk.fsync(fd)
        finally:
            os.close(fd)
        disk.replace(first, renamed)
        disk.unlink(renamed)
    except OSError as error:
        raise storage_error(error, folder, "does not take files") from error


def sweep_temporaries(folder: Path) -> int:
    """Remove what a killed process left half-written below `folder`; how many that were."""
    count = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(TEMPORARY_PREFIX):
                with contextlib.suppress(OSError):
                    disk.unlink(os.path.join(parent, name))
                    count += 1
    return count
