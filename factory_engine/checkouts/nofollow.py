"""Reading a file of a worker's without being led anywhere.

Owns one careful read. A worker can put a symbolic link, a pipe or a terabyte where a small file is
expected; none of them is opened, waited for or read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FLAGS = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_inside(root: Path, parts: Sequence[str], limit: int) -> bytes | None:
    """The bytes of the regular file `root/part/…/part`.

    Args:
        root: a folder that is trusted.
        parts: the names below it, none of which may be a link.
        limit: the largest size in bytes that is read.

    Returns:
        None when there is no such file, or when it is anything but plain and small enough.
    """
    try:
        descriptor = _open(root, parts)
    except OSError:
        return None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        content = file.read(limit + 1)
    return content if len(content) <= limit else None


def _open(root: Path, parts: Sequence[str]) -> int:
    if os.open not in os.supports_dir_fd:
        # Windows: no way to open relative to a folder; a link needs a privilege there.
        path = root
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise OSError(f"{part} is a link")
        return os.open(path, _FLAGS)
    folder = os.open(root, os.O_RDONLY)
    for part in parts:
        try:
            inner = os.open(part, _FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder
