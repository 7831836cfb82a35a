"""What a file or folder is like that is made here and now, and whether another one is like it.

Owns rights, owner, extended attributes (access control lists are some) and flags, as the present
process, its umask and the file system give them: found by making some, never computed. Knows no
content and no times. Linux only; elsewhere there is no way to see all of it.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import struct
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from factory_engine import storage
from factory_engine.checkouts.removal import remove_tree

if sys.platform == "linux":
    import fcntl

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
# FS_IOC_GETFLAGS as most architectures number it; where it is another, no flag is seen.
_GET_FLAGS = 0x80006601 | struct.calcsize("l") << 16
# Those that somebody sets (chattr(1), fs-verity); the others are the file system's own.
_SET_BY_SOMEBODY = 0x6293C4FF
_NO_ATTRIBUTES = (errno.ENOTSUP, errno.ENOSYS)
_NO_FLAGS = (errno.ENOTTY, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)


@dataclass(frozen=True)
class Made:
    """What a fresh file or folder has from its maker."""

    rights: int
    owner: tuple[int, int]
    attributes: dict[str, bytes]
    flags: int


@dataclass(frozen=True)
class Fresh:
    """What a folder, a plain and an executable file have that are made in a certain folder."""

    folder: Made
    plain: Made
    executable: Made

    @classmethod
    def made_in(cls, parent: bytes) -> Fresh:
        """Make them in `parent`, look at them and remove them. Raises OSError."""
        trial = os.path.join(parent, b".factory-trial-" + uuid.uuid4().hex[:12].encode())
        storage.disk.mkdir(trial)
        try:
            plain, executable = os.path.join(trial, b"plain"), os.path.join(trial, b"executable")
            for path, rights in ((plain, 0o666), (executable, 0o777)):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                os.close(storage.disk.open(path, flags, rights))
            return cls(_made(trial), _made(plain), _made(executable))
        finally:
            remove_tree(trial)

    def renew_folder(self, path: bytes) -> bool:
        """Give the folder `path` the rights, attributes and times of a fresh one.

        Returns:
            False when it is still not like one. Raises OSError where the system refuses.
        """
        usual = self.folder
        _give(path, usual.rights)
        for name in attributes_of(path).keys() - usual.attributes.keys():
            os.removexattr(path, name, follow_symlinks=False)
        _give(path, usual.rights)  # an access control list that goes takes rights along
        os.utime(path)
        return _made(path) == usual

    def is_file(self, path: bytes, facts: os.stat_result, *, executable: bool) -> bool:
        """Whether the regular file `path` has the rights and attributes of a fresh one."""
        usual = self.executable if executable else self.plain
        rights, owner = stat.S_IMODE(facts.st_mode), (facts.st_uid, facts.st_gid)
        if facts.st_nlink != 1 or rights != usual.rights or owner != usual.owner:
            return False
        return attributes_of(path) == usual.attributes

    def is_left_alone(self, path: bytes) -> bool:
        """Whether nothing at all can still write the regular file `path`, and flags are as usual.

        Asks for a read lease (fcntl(2), "Leases"), which the kernel grants to nobody while there
        is a descriptor or a mapping for writing, be it one that is in no process but on its way
        between two.

        Raises:
            OSError: no answer can be had.
        """
        with _opened(path) as fd:
            # Whoever opens it at this moment makes the kernel tell us; SIGIO would end us.
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            try:
                fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            except BlockingIOError:
                return False
            return _flags(fd) == self.plain.flags


def attributes_of(path: bytes) -> dict[str, bytes]:
    """The extended attributes of a file, folder or link itself."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_ATTRIBUTES:
            return {}
        raise
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in names}


def _made(path: bytes) -> Made:
    facts = os.lstat(path)
    owner = (facts.st_uid, facts.st_gid)
    with _opened(path) as fd:
        return Made(stat.S_IMODE(facts.st_mode), owner, attributes_of(path), _flags(fd))


def _flags(fd: int) -> int:
    try:
        answer = fcntl.ioctl(fd, _GET_FLAGS, bytes(struct.calcsize("l")))
    except OSError as error:
        if error.errno in _NO_FLAGS:
            return 0
        raise
    return int(struct.unpack_from("I", answer)[0]) & _SET_BY_SOMEBODY


@contextmanager
def _opened(path: bytes) -> Iterator[int]:
    fd = os.open(path, _READ)
    try:
        yield fd
    finally:
        os.close(fd)


def _give(folder: bytes, rights: int) -> None:
    if stat.S_IMODE(os.lstat(folder).st_mode) != rights:
        os.chmod(folder, rights)
