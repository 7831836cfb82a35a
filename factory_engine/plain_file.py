"""Opening a file that anybody may have put there: a plain one, at once, or not at all.

Owns the one contract for what lies in a run folder: no link is followed on the way from a folder
that is trusted, nothing is waited for (a pipe), and no device is opened. Light, because lists of
runs use it before anything of the engine is loaded.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import BufferedReader

_ALWAYS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FILE = os.O_RDONLY | _ALWAYS | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = os.O_RDONLY | _ALWAYS | getattr(os, "O_DIRECTORY", 0)
_BY_FOLDER = os.open in os.supports_dir_fd  # not on Windows

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


class NotPlain(OSError):
    """What is there is no regular file, or a link lies on the way to it."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.EINVAL, words)
        self.words = words


class NoFolder(NotPlain):
    """On the way to it lies something that is neither a folder nor a link: it is not there."""


def kind_of(mode: int) -> str:
    """What an `st_mode` of something that is no regular file stands for, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "a device")


def open_plain(path: str | os.PathLike[str]) -> BufferedReader:
    """Open the regular file at `path`; the folder that it lies in is trusted.

    Raises:
        OSError: there is none, or it cannot be read; NotPlain for a link, a pipe, a device.
    """
    return open_below(*os.path.split(os.path.abspath(path)))


def open_below(root: str | os.PathLike[str], *names: str) -> BufferedReader:
    """Open the regular file `root/name/…/name`; `root` is trusted, nothing below it is.

    Raises:
        OSError: as `open_plain`.
    """
    if not _BY_FOLDER:
        return _open_by_path(os.fspath(root), names)
    folder = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for name in names[:-1]:
            _check_folder(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
            inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        # looked at before, as a device does things when it is opened
        _check_file(os.stat(names[-1], dir_fd=folder, follow_symlinks=False).st_mode)
        return _checked(os.open(names[-1], _FILE, dir_fd=folder))
    finally:
        os.close(folder)


def first_link(root: str, path: str) -> str:
    """The first symbolic link on the way from `root` down to `path`, itself included; else empty.

    A path that does not lie below `root` is its owner's own choice: nothing is looked at.
    """
    steps = os.path.relpath(path, root).split(os.sep)
    if steps[0] == os.pardir:
        return ""
    at = root
    for step in steps:
        at = os.path.join(at, step)
        if os.path.islink(at):
            return at
    return ""


def read_plain(path: str | os.PathLike[str], most_bytes: int) -> bytes:
    """The bytes of the regular file at `path`.

    Raises:
        OSError: as `open_plain`, and for one of more than `most_bytes`.
    """
    return _bounded(open_plain(path), most_bytes)


def read_below(root: str | os.PathLike[str], names: Sequence[str], most_bytes: int) -> bytes:
    """The bytes of the regular file that `open_below` opens. Raises OSError as `read_plain`."""
    return _bounded(open_below(root, *names), most_bytes)


def _bounded(opened: BufferedReader, most_bytes: int) -> bytes:
    with opened as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"more than {most_bytes:,} bytes")
    return data


def _open_by_path(root: str, names: Sequence[str]) -> BufferedReader:
    path = root
    for name in names[:-1]:
        path = os.path.join(path, name)
        _check_folder(os.lstat(path).st_mode)
    path = os.path.join(path, names[-1])
    _check_file(os.lstat(path).st_mode)
    return _checked(os.open(path, _FILE))


def _checked(descriptor: int) -> BufferedReader:
    """The opened file, if it is what was looked at; whoever exchanged it meanwhile."""
    try:
        _check_file(os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_folder(mode: int) -> None:
    if not stat.S_ISDIR(mode):
        raise (NotPlain if stat.S_ISLNK(mode) else NoFolder)("its folder is not a plain folder")


def _check_file(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotPlain(f"is {kind_of(mode)}, not a regular file")
