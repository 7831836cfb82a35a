"""Taking away a workspace, in whatever state a worker left it.

Owns removal. Never follows a symbolic link, never needs more than one level of recursion: a worker
may leave folders without rights, or nested deeper than a path can be long.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from factory_engine import storage
from factory_engine.git.edge import is_real_folder, storage_errors

# Far below PATH_MAX everywhere; a folder with a longer path is moved up before it is emptied.
_LONGEST = 1000 if os.name == "posix" else 200


def remove_workspace(path: Path) -> None:
    """Removes `path` and all below it; nothing happens when it is not there.

    Raises:
        StorageError: something stays. What could be removed is gone.
    """
    with storage_errors("could not be removed", path):
        remove_tree(os.fsencode(path))


def remove_tree(top: bytes) -> None:
    """Removes the folder, file or link `top`. Raises OSError when something stays."""
    if not _is_folder(top):
        _insist(storage.disk.unlink, top)
        return
    shorter = (os.path.join(top, b".factory-removal-%d" % number) for number in count())
    # Each folder is met twice: to remove its files and queue its folders, and when it is empty.
    waiting = [(top, False)]
    while waiting:
        folder, emptied = waiting.pop()
        if emptied:
            _insist(storage.disk.rmdir, folder)
            continue
        waiting.append((folder, True))
        waiting += [(inner, False) for inner in _remove_files(folder, top, shorter)]


def _remove_files(folder: bytes, top: bytes, shorter: Iterator[bytes]) -> list[bytes]:
    """Empties `folder` of all but folders, and answers those, with paths that are short enough."""
    folders: list[bytes] = []
    for entry in _entries(folder):
        if not is_real_folder(entry):
            _insist(storage.disk.unlink, entry.path)
        elif len(entry.path) <= _LONGEST + len(top):
            folders.append(entry.path)
        else:
            fresh = next(name for name in shorter if not os.path.lexists(name))
            _make_writable(entry.path)
            storage.disk.replace(entry.path, fresh)
            folders.append(fresh)
    return folders


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []
    except PermissionError:
        _make_writable(folder)
        return list(os.scandir(folder))


def _insist(remove: Callable[[bytes], None], path: bytes) -> None:
    """Removes `path`, giving its owner back the right to do so where a worker took it."""
    with suppress(FileNotFoundError):
        try:
            remove(path)
        except PermissionError:
            _make_writable(os.path.dirname(path))
            if os.name == "nt":  # a read-only file cannot be removed there
                os.chmod(path, stat.S_IWRITE)
            remove(path)


def _make_writable(folder: bytes) -> None:
    if _is_folder(folder):
        os.chmod(folder, stat.S_IRWXU)


def _is_folder(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
