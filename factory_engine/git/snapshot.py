"""Proof that a repository was left alone: its state before, its state after, and the difference.

Owns the comparing. Synchronous and without processes; call it in a thread. Reads names and stat
data everywhere, contents only of `.git`'s small files: an ordinary user cannot put a file's ctime
back, so the contents of a big tree need not be hashed twice to know that nobody wrote to it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.git.edge import is_real_folder, storage_errors
from factory_engine.git.index_entries import entries_of

_SMALL = 1 << 20
# What decides in a git directory is read; objects are named by their content and are many.
_UNREAD = (b"objects/", b"lfs/", b"modules/")
# Windows has no ctime of the inode: `st_ctime` is the time of creation there.
_HAS_CTIME = os.name == "posix"

Signature = tuple[int, int, int, int, int, str]


@dataclass(frozen=True)
class Snapshot:
    """A repository at one moment.

    Args:
        files: shown path and signature of everything but folders.
        folders: shown path and mode; their time stamps change with any lock file of git's.
        indexes: bytes of each index, whose stat cache a `git status` rewrites by right.
    """

    files: dict[bytes, Signature] = field(default_factory=dict)
    folders: dict[bytes, int] = field(default_factory=dict)
    indexes: dict[bytes, bytes] = field(default_factory=dict)


def take_snapshot(
    repository_root: Path, git_dir: Path, common_dir: Path, excluded: Sequence[Path] = ()
) -> Snapshot:
    """The state of a work tree and of its git directories.

    Args:
        repository_root: top of the work tree.
        git_dir: its git directory, and `common_dir`: where refs and objects are, if elsewhere.
        excluded: folders, anywhere inside, that may change.

    Raises:
        StorageError: the root cannot be read. A file that vanishes meanwhile is no error.
    """
    snapshot = Snapshot()
    places = [os.fsencode(path) for path in (repository_root, common_dir, git_dir)]
    root, common, own = places
    skipped = {os.fsencode(path) for path in excluded}
    with storage_errors("the repository cannot be read", repository_root):
        os.scandir(root).close()
    _add(snapshot, root, b"", skipped | {common, own}, _tree_content)
    _add(snapshot, common, b".git/", skipped, _git_content)
    if own != common and not own.startswith(common + b"/"):
        _add(snapshot, own, b".git/", skipped, _git_content)
    return snapshot


def differences(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """What changed from one snapshot to the other, as lines to show, sorted by path."""
    lines = dict(_differing(before.folders, after.folders))
    for path, word in _differing(before.files, after.files):
        lines[path] = "changed" if path in lines else word  # a folder became a file, or back
    for path, word in _differing(before.indexes, after.indexes):
        if word != "changed" or entries_of(before.indexes[path]) != entries_of(after.indexes[path]):
            lines[path] = word
    return tuple(f"{_shown(path)} {lines[path]}" for path in sorted(lines))


def _differing(
    before: Mapping[bytes, object], after: Mapping[bytes, object]
) -> Iterator[tuple[bytes, str]]:
    for path in before.keys() | after.keys():
        if path not in after:
            yield path, "disappeared"
        elif path not in before:
            yield path, "appeared"
        elif before[path] != after[path]:
            yield path, "changed"


def _shown(path: bytes) -> str:
    text = path.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)[1:-1]


Content = Callable[[bytes, bytes, os.stat_result], str]


def _add(
    snapshot: Snapshot, top: bytes, prefix: bytes, skipped: set[bytes], content: Content
) -> None:
    for relative, entry, folder in _walk(top, skipped):
        name = prefix + relative
        with suppress(FileNotFoundError):
            facts = entry.stat(follow_symlinks=False)
            if folder:
                snapshot.folders[name] = facts.st_mode
            elif prefix and _is_index(relative):
                snapshot.indexes[name] = Path(os.fsdecode(entry.path)).read_bytes()
            elif not (prefix and relative.endswith(b".lock")):
                snapshot.files[name] = _signature(facts, content(entry.path, relative, facts))


def _walk(top: bytes, skipped: set[bytes]) -> Iterator[tuple[bytes, os.DirEntry[bytes], bool]]:
    waiting = [b""]
    while waiting:
        relative = waiting.pop()
        try:
            entries = list(os.scandir(os.path.join(top, relative)))
        except OSError:
            continue  # vanished, or closed to us and therefore to be told by its mode alone
        for entry in entries:
            if entry.path in skipped:
                continue
            folder = is_real_folder(entry)
            if folder:
                waiting.append(relative + entry.name + b"/")
            yield relative + entry.name, entry, folder


def _signature(facts: os.stat_result, content: str) -> Signature:
    changed = facts.st_ctime_ns if _HAS_CTIME else 0
    return (facts.st_mode, facts.st_size, facts.st_mtime_ns, changed, facts.st_ino, content)


def _tree_content(path: bytes, relative: bytes, facts: os.stat_result) -> str:
    return "" if _HAS_CTIME else _digest(path, facts)


def _git_content(path: bytes, relative: bytes, facts: os.stat_result) -> str:
    return "" if _HAS_CTIME and relative.startswith(_UNREAD) else _digest(path, facts)


def _digest(path: bytes, facts: os.stat_result) -> str:
    """The sha256 of a small file, of a link its target; nothing for all else."""
    try:
        if os.path.islink(path):
            return hashlib.sha256(os.readlink(path)).hexdigest()
        if not os.path.isfile(path) or facts.st_size > _SMALL:
            return ""
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def _is_index(relative: bytes) -> bool:
    """The index of the main work tree, or of one that is linked to it."""
    return relative == b"index" or (
        relative.startswith(b"worktrees/") and relative.endswith(b"/index")
    )
