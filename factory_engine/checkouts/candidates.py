"""Which paths of a workspace may differ from its base.

Owns the finding. Uses the factory's git directory and index, plumbing that runs nothing, and of the
worker's own `.git` a copy of the index, read as a list of names and nothing more.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import GitError
from factory_engine.git.index import drop_index
from factory_engine.git.layout import BRANCH
from factory_engine.git.modes import GITLINK
from factory_engine.git.process import Git
from factory_engine.overlay import is_opaque
from factory_engine.plain_file import read_below

_LONG_S = 900
_MODULE = f"{GITLINK} ".encode()
_NEW_MODULE = f":000000 {GITLINK}".encode()


@dataclass(frozen=True)
class Paths:
    """Names from one git command. `complete` is False when there were more than was asked for."""

    paths: tuple[bytes, ...]
    complete: bool = True


@dataclass(frozen=True)
class Tracked:
    """Files of the base that are not as they were, by their stat data; some may be after all."""

    present: tuple[bytes, ...]
    missing: tuple[bytes, ...]
    complete: bool


async def tracked(git: Git, most: int) -> Tracked:
    """What happened to the files in the index; at most `most` paths."""
    raw = ("diff-files", "--raw", "-z", "--no-renames", "--ignore-submodules=all")
    found = await _records(git, most * 2, *raw)
    present: list[bytes] = []
    missing: list[bytes] = []
    for facts, path in zip(found.paths[0::2], found.paths[1::2], strict=False):
        (missing if facts.endswith(b"D") else present).append(path)
    return Tracked(tuple(present), tuple(missing), found.complete)


async def settle(git: Git) -> None:
    """Compares contents where only stat data differ, so that `tracked` names true changes only."""
    await git.run("update-index", "-q", "--refresh", ok=(0, 1), timeout_s=_LONG_S)


async def untracked(git: Git, most: int) -> Paths:
    """Files that are new and not ignored; a nested repository is one path that ends in a slash."""
    return await _records(git, most, "ls-files", "-z", "--others", "--exclude-standard")


async def ignored_among(git: Git, paths: list[bytes]) -> set[bytes]:
    """Those of `paths` that the tree's ignore files name."""
    if not paths:
        return set()
    asked = b"\0".join(paths) + b"\0"
    # 128: it refuses to look into a submodule; what is in there is not ignored.
    answer = await git.run("check-ignore", "-z", "--stdin", stdin=asked, ok=(0, 1, 128))
    return set(answer.stdout.split(b"\0")) - {b""}


async def added_by_worker(
    git: Git, workspace: Path, base: str, most: int, given: Path | None = None
) -> tuple[Paths, str]:
    """Paths that the worker's own index has and the base has not, and a note if it was no use.

    These are collected although they are ignored: `git add --force` says that they are wanted.

    Args:
        git: the store, with an index of the factory's own.
        workspace: the folder that holds the worker's `.git`.
        base: full id of the commit.
        most: at most so many paths.
        given: of an overlay, the index that its layer shows; None for the one of `git`.
    """
    assert git.index is not None
    copy = git.index.with_name(git.index.name + ".worker")
    known = given or git.index
    if given is not None and await asyncio.to_thread(_has_index_below, workspace):
        return Paths(()), ""
    note, usable = await asyncio.to_thread(_copy_worker_index, workspace, known, copy)
    if not usable:
        return Paths(()), note
    command = ("diff-index", "--cached", "--raw", "-z", "--no-renames", "--diff-filter=A", base)
    try:
        records = await _records(git.with_index(copy), most * 2, *command)
    except GitError:
        return Paths(()), _NO_INDEX
    finally:
        drop_index(copy)
    listed = zip(records.paths[0::2], records.paths[1::2], strict=False)
    added = tuple(path for facts, path in listed if not facts.startswith(_NEW_MODULE))
    return Paths(added, records.complete), ""


async def submodules(git: Git) -> tuple[bytes, ...]:
    """Gitlinks in the index."""
    assert git.index is not None
    # The mode as four bytes of an index entry: a cheap way to know that there is none.
    if b"\0\0\xe0\0" not in await asyncio.to_thread(git.index.read_bytes):
        return ()
    listed = (await git.run("ls-files", "-z", "--stage")).stdout.split(b"\0")
    return tuple(line.partition(b"\t")[2] for line in listed if line.startswith(_MODULE))


def moved(workspace: Path, base: str) -> str:
    """A note when the worker's branch is not where it began; empty otherwise."""
    head = _own_file(workspace, (".git", "HEAD"), 4096)
    tip = _own_file(workspace, (".git", *BRANCH.split("/")), 4096)
    if head is None:
        return "the workspace's .git was removed or replaced; only the files count"
    if head.strip() != f"ref: {BRANCH}".encode() or (tip or b"").strip() != base.encode():
        return "the worker moved HEAD or committed; only the files count"
    return ""


_NO_INDEX = "the workspace's own index cannot be read; what was added to it by force is not seen"


def _own_file(workspace: Path, parts: tuple[str, ...], most_bytes: int) -> bytes | None:
    """A file that the worker may have made anything of; None where it is not plain and small."""
    try:
        return read_below(workspace, parts, most_bytes)
    except OSError:
        return None


def _has_index_below(upper: Path) -> bool:
    """Whether an overlay shows the index of its layer: none lies over it, and it is not hidden."""
    own = upper / ".git"
    if own.is_symlink() or not own.is_dir() or is_opaque(os.fsencode(own)):
        return False
    return not os.path.lexists(own / "index")


def _copy_worker_index(workspace: Path, own: Path, copy: Path) -> tuple[str, bool]:
    known = own.read_bytes()
    theirs = _own_file(workspace, (".git", "index"), 3 * len(known) + (64 << 20))
    if theirs is None:
        return _NO_INDEX, False
    if theirs == known:
        return "", False
    storage.replace_file(copy, theirs, durable=False)
    return "", True


async def _records(git: Git, most: int, *command: str) -> Paths:
    """The NUL-ended records of a command, which is stopped when there are more than `most`."""
    pieces: list[bytes] = []
    total = 0

    def enough(piece: bytes) -> bool:
        nonlocal total
        pieces.append(piece)
        total += piece.count(b"\0")
        return total <= most

    result = await git.run(*command, sink=enough, timeout_s=_LONG_S)
    return Paths(tuple(b"".join(pieces).split(b"\0")[:-1][:most]), not result.truncated)
