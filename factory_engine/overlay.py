"""What an overlay's upper folder says: what was changed in a checkout that lies over layers.

Owns the reading of one. The marks are the kernel's, as overlays mounted with `userxattr` have them
(https://docs.kernel.org/filesystems/overlayfs.html): a character device 0:0 for what is gone, an
attribute on a folder that hides all below it. Mounts nothing; opens no file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

OPAQUE = "user.overlay.opaque"
_READ_BY_GIT = frozenset({b".gitignore", b".gitattributes"})
_MOST_READ = 16 << 20


@dataclass
class Upper:
    """What lies in an upper folder, `.git` left out at any depth, as git leaves it out.

    Args:
        folders: each folder, the top as an empty path, and whether it hides what is below it.
        files: files and links.
        gone: what is there no more.
        special: neither file, folder nor link.
        closed: folders that cannot be read, with the reason.
        traps: names that git reads by itself, but here as something that it would wait for.
        complete: False when there was more than was asked for.
    """

    folders: dict[bytes, bool] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    special: list[bytes] = field(default_factory=list)
    closed: list[tuple[bytes, str]] = field(default_factory=list)
    traps: list[bytes] = field(default_factory=list)
    complete: bool = True


def read_upper(top: bytes, most: int, without: Collection[bytes] = ()) -> Upper:
    """Walks the upper folder `top`; gives up after `most` entries.

    Args:
        top: the folder.
        most: how many entries are read.
        without: paths that are passed over, with all below them.
    """
    upper = Upper()
    waiting = [b""]
    seen = 0
    while waiting and upper.complete:
        relative = waiting.pop()
        folder = os.path.join(top, relative)
        upper.folders[relative] = is_opaque(folder)
        try:
            # Without the right to enter, the names can be listed but nothing behind them is seen.
            if not os.access(folder, os.R_OK | os.X_OK):
                raise PermissionError(0, "Permission denied")
            with os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if entry.name != b".git":
                        name = relative + b"/" + entry.name if relative else entry.name
                        if name not in without:
                            _take(upper, name, entry, waiting)
        except OSError as error:
            upper.closed.append((relative, error.strerror or type(error).__name__))
        upper.complete = seen <= most
    return upper


def _take(upper: Upper, name: bytes, entry: os.DirEntry[bytes], waiting: list[bytes]) -> None:
    if entry.is_dir(follow_symlinks=False):
        waiting.append(name)
    elif entry.is_symlink():
        upper.files.append(name)
    elif entry.is_file(follow_symlinks=False):
        upper.files.append(name)
        if entry.name in _READ_BY_GIT and entry.stat(follow_symlinks=False).st_size > _MOST_READ:
            upper.traps.append(name)
    elif is_whiteout(entry.stat(follow_symlinks=False)):
        upper.gone.append(name)
    else:
        upper.special.append(name)
        if entry.name in _READ_BY_GIT:
            upper.traps.append(name)


def is_whiteout(facts: os.stat_result) -> bool:
    """Whether an entry with these facts says that what lies below it is gone."""
    return stat.S_ISCHR(facts.st_mode) and facts.st_rdev == os.makedev(0, 0)


def is_opaque(folder: bytes) -> bool:
    """Whether a folder hides all that the layers below hold at its path."""
    try:
        return os.getxattr(folder, OPAQUE, follow_symlinks=False) == b"y"
    except (OSError, AttributeError):
        return False


def locate(layers: Sequence[bytes], relative: bytes) -> bytes | None:
    """The file that is seen at `relative` in a stack of layers, the uppermost first; None if none.

    A link in the stack is not followed: the answer may be one.
    """
    for layer in layers:
        here = layer
        covers = False  # what lies further down
        for part in relative.split(b"/") if relative not in (b"", b".") else ():
            covers = covers or is_opaque(here)
            here = os.path.join(here, part)
            try:
                facts = os.lstat(here)
            except OSError:
                break
            if is_whiteout(facts):
                return None
            covers = covers or not stat.S_ISDIR(facts.st_mode)
        else:
            return here
        if covers:
            return None
    return None
