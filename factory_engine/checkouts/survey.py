"""A look at a workspace for what git passes over in silence.

Owns one walk over names. Git lists neither pipes, sockets and devices nor what lies in a folder
that it may not enter; opens no file and follows no link.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from factory_engine.git.edge import is_real_folder

_READ_BY_GIT = frozenset({b".gitignore", b".gitattributes"})
_MOST_READ = 16 << 20


@dataclass(frozen=True)
class Survey:
    """What was found, as paths relative to the workspace.

    Args:
        special: neither file, folder nor link.
        closed: folders that cannot be read, with the reason.
        traps: names that git reads by itself wherever it meets them, but here as a pipe that it
            would wait for, or without end.
    """

    special: tuple[bytes, ...]
    closed: tuple[tuple[bytes, str], ...]
    traps: tuple[bytes, ...]


def survey(root: bytes) -> Survey:
    """Walks the workspace `root`, without any `.git`."""
    special: list[bytes] = []
    closed: list[tuple[bytes, str]] = []
    traps: list[bytes] = []
    waiting = [b""]
    while waiting:
        relative = waiting.pop()
        try:
            # Without the right to enter, the names can be listed but nothing behind them is seen.
            if not os.access(os.path.join(root, relative), os.R_OK | os.X_OK):
                raise PermissionError(0, "Permission denied")
            with os.scandir(os.path.join(root, relative)) as entries:
                for entry in entries:
                    if entry.name == b".git":
                        continue  # git collects nothing of that name, at any depth
                    name = relative + entry.name
                    if is_real_folder(entry):
                        waiting.append(name + b"/")
                    elif not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
                        special.append(name)
                    if entry.name in _READ_BY_GIT and _is_trap(entry):
                        traps.append(name)
        except OSError as error:
            closed.append((relative.rstrip(b"/"), error.strerror or type(error).__name__))
    return Survey(tuple(special), tuple(closed), tuple(traps))


def _is_trap(entry: os.DirEntry[bytes]) -> bool:
    if entry.is_symlink() or entry.is_dir(follow_symlinks=False):
        return False  # git does not follow the one and cannot read the other
    if not entry.is_file(follow_symlinks=False):
        return True
    return entry.stat(follow_symlinks=False).st_size > _MOST_READ
