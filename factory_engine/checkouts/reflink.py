"""A whole folder copied without copying a byte, where the file system can share blocks.

Owns such copies: btrfs, XFS, bcachefs, ZFS and others on Linux (FICLONE), APFS on macOS. Never
follows a link, never falls back to copying bytes, and leaves nothing behind when it cannot be done.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.removal import remove_tree
from factory_engine.git.edge import is_real_folder, storage_errors

_REFUSALS = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS}
)


class _RefusedError(Exception):
    """The file system does not share blocks, not between these two places, or not of this file."""


def clone_tree(source: Path, target: Path) -> bool:
    """Copies the folder `source` to `target` as files that share their blocks until written.

    Files, folders and links keep their modes and the times of their last change. Two names of one
    file become two files. Owners are not kept, and on Linux neither are extended attributes.

    Args:
        source: the folder to copy; nothing may be at work in it.
        target: a path at which nothing is, in a folder that exists.

    Returns:
        False when it cannot be done this way, which nearly always the first file tells: the file
        system refuses, or there is something that is neither file, folder nor link. Nothing is
        left at `target` then.

    Raises:
        StorageError: the disk refused, `source` is no folder, or `target` exists. Nothing is left.
    """
    top, copy = os.fsencode(source), os.fsencode(target)
    with storage_errors("a folder could not be cloned", target):
        facts = os.lstat(top)
        if not stat.S_ISDIR(facts.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        storage.disk.mkdir(copy)  # whatever is there is not ours to remove
        try:
            _clone_into(top, copy, facts)
        except _RefusedError:
            remove_tree(copy)
            return False
        except BaseException:
            with suppress(OSError):  # what went wrong first says more
                remove_tree(copy)
            raise
    return True


def can_clone(folder: Path) -> bool:
    """Whether files in `folder` can be cloned; False also where none can be written."""
    name = f"{storage.TEMPORARY_PREFIX}clone-{uuid.uuid4().hex[:12]}"
    first, second = folder / name, folder / f"{name}.copy"
    try:
        fd = storage.disk.open(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            storage.write_all(fd, b"probe\n")
        finally:
            os.close(fd)
        storage.disk.clone(first, second)
    except OSError:
        return False
    finally:
        for path in (first, second):
            with suppress(OSError):
                storage.disk.unlink(path)
    return True


def _clone_into(top: bytes, copy: bytes, facts: os.stat_result) -> None:
    """Fills the new folder `copy` with what is in `top`, whose facts it gets."""
    made = [(copy, facts)]
    waiting = [(top, copy)]
    while waiting:
        source, target = waiting.pop()
        with os.scandir(source) as entries:
            for entry in entries:
                path = os.path.join(target, entry.name)
                if is_real_folder(entry):
                    storage.disk.mkdir(path)
                    made.append((path, entry.stat(follow_symlinks=False)))
                    waiting.append((entry.path, path))
                elif entry.is_symlink():
                    storage.disk.symlink(os.readlink(entry.path), path)
                    _give_times(path, entry.stat(follow_symlinks=False))
                else:
                    _clone_file(entry, path)
    # Last, and the inner ones first: a folder may be closed, and every new name gives it new times.
    for folder, facts in reversed(made):
        os.chmod(folder, stat.S_IMODE(facts.st_mode))
        _give_times(folder, facts)


def _clone_file(entry: os.DirEntry[bytes], path: bytes) -> None:
    facts = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(facts.st_mode):
        raise _RefusedError
    try:
        storage.disk.clone(entry.path, path)
    except OSError as error:
        if error.errno in _REFUSALS:
            raise _RefusedError from error
        raise
    os.chmod(path, stat.S_IMODE(facts.st_mode))
    _give_times(path, facts)


def _give_times(path: bytes, facts: os.stat_result) -> None:
    """Set the access time to the modification time: when it was read last must not show."""
    if os.utime in os.supports_follow_symlinks:
        times = (facts.st_mtime_ns, facts.st_mtime_ns)
        os.utime(path, ns=times, follow_symlinks=False)
