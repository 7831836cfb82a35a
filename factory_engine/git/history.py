"""The history of the user's repository, for the programs of a run: log, blame, describe, diff.

Owns a copy of its objects beside the store of bases, and the refs that are shown. Nothing is judged
by it, but programs read it, so that what is not as it was left is copied anew. It is a copy, or a
clone of blocks, and no hard link: what a program did to that would reach the user's repository
(CVE-2024-32020).
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import AsyncFileLock

from factory_engine import storage
from factory_engine.errors import GitError
from factory_engine.git.edge import storage_errors
from factory_engine.git.layout import BRANCH, write_bare
from factory_engine.git.process import Git
from factory_engine.git.repository import Repository
from factory_engine.git.store_proof import is_as_noted, note, remove_store

_LOCK_TIMEOUT_S = 900
_LONG_S = 900
_ATTEMPTS = 3  # the user's gc may put away what was just listed
_HEADER = b"# pack-refs with: peeled fully-peeled sorted \n"
_FORMAT = "%(objectname) %(refname) %(*objectname)"


@dataclass(frozen=True)
class History:
    """What a checkout shows of the commits before base.

    Args:
        objects: a folder of git objects, the factory's own.
        shallow: commits whose parents the user's repository does not have either.
        refs: tags and the branch of base, as a file of packed refs (git-pack-refs(1)).
    """

    objects: Path
    shallow: tuple[str, ...]
    refs: bytes


async def copy_history(
    repository: Repository, base: str, base_ref: str, target: Path
) -> History | None:
    """Brings what is new of the user's objects to `target`, a git directory of the factory's own.

    Args:
        repository: the user's, only read.
        base: full id of the base commit.
        base_ref: how that was named.
        target: where the copy is kept.

    Returns:
        None where the commits before base cannot all be read: the checkouts go without them.

    Raises:
        StorageError: the disk refused.
    """
    shallow = await asyncio.to_thread(_shallow, repository.common_dir)
    with storage_errors("the history could not be kept", target):
        storage.make_folder(target.parent, durable=False)
        async with AsyncFileLock(target.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
            as_left = await asyncio.to_thread(is_as_noted, target)
            if target.exists() and not as_left:  # what it holds is copied again
                await asyncio.to_thread(remove_store, target)
            write_bare(target, object_format=repository.object_format, shallow=shallow)
            new = await asyncio.to_thread(_copy_new, repository.common_dir, target / "objects")
            known = target / "complete" / base
            complete = not new and known.exists()
            if not complete and (complete := await _is_complete(Git(git_dir=target), base)):
                storage.make_folder(known.parent, durable=False)
                storage.replace_file(known, b"", durable=False)
            if not await asyncio.to_thread(is_as_noted, target):
                await asyncio.to_thread(note, target)
    if not complete:
        return None
    return History(target / "objects", shallow, await _refs(repository, base, base_ref))


async def _is_complete(git: Git, base: str) -> bool:
    try:
        await git.run("rev-list", "--count", base, timeout_s=_LONG_S)
    except GitError:
        return False
    return True


def _shallow(common_dir: Path) -> tuple[str, ...]:
    try:
        return tuple((common_dir / "shallow").read_text("ascii").split())
    except OSError:
        return ()


def _copy_new(common_dir: Path, target: Path) -> int:
    """How many files of objects were new."""
    for attempt in range(_ATTEMPTS):
        try:
            return sum(_copy_folder(source, target) for source in _sources(common_dir / "objects"))
        except FileNotFoundError:
            if attempt + 1 == _ATTEMPTS:
                raise
    return 0


def _sources(objects: Path) -> list[Path]:
    """The folder of objects and those that it borrows from (gitrepository-layout(5))."""
    found = [objects]
    for folder in found:
        with suppress(OSError):
            for line in (folder / "info/alternates").read_text("utf-8").splitlines():
                other = folder / line
                if line and not line.startswith(("#", '"')) and other not in found:
                    found.append(other)
    return [folder for folder in found if folder.is_dir()]


def _copy_folder(source: Path, target: Path) -> int:
    new = 0
    for path in _files(source):
        copy = target / path
        if not copy.exists():
            storage.make_folder(copy.parent, durable=False)
            _copy(source / path, copy)
            new += 1
    return new


def _files(objects: Path) -> Iterator[Path]:
    """Packs, each before its index, which is what shows it to git; then single objects."""
    with suppress(FileNotFoundError):
        for entry in sorted(os.listdir(objects / "pack")):
            name, dot, kind = entry.rpartition(".")
            if kind == "idx" and dot:
                yield Path("pack") / f"{name}.pack"
                yield Path("pack") / entry
    for folder in sorted(os.listdir(objects)):
        if len(folder) == 2 and (objects / folder).is_dir():
            for entry in os.listdir(objects / folder):
                if len(entry) >= 38 and entry.isalnum():
                    yield Path(folder) / entry


def _copy(source: Path, copy: Path) -> None:
    half = copy.with_name(f"{storage.TEMPORARY_PREFIX}{uuid.uuid4().hex[:12]}")
    try:
        try:
            storage.disk.clone(source, half)
        except OSError:
            storage.disk.copy(source, half)
        storage.disk.replace(half, copy)
    finally:
        with suppress(OSError):
            storage.disk.unlink(half)


async def _refs(repository: Repository, base: str, base_ref: str) -> bytes:
    """Every tag, the branch that base was named by, and what `origin` had of that."""
    branch = await _branch(repository, base_ref)
    patterns = ["refs/tags", *([f"refs/remotes/origin/{branch}"] if branch else [])]
    listed = await repository.git.run("for-each-ref", f"--format={_FORMAT}", *patterns)
    refs = {}
    for line in listed.stdout.splitlines():
        oid, name, peeled = [*line.split(b" "), b""][:3]
        refs[name] = oid + b" " + name + b"\n" + (b"^" + peeled + b"\n" if peeled else b"")
    if branch and f"refs/heads/{branch}" != BRANCH:
        name = os.fsencode(f"refs/heads/{branch}")
        refs[name] = base.encode("ascii") + b" " + name + b"\n"
    return _HEADER + b"".join(refs[name] for name in sorted(refs)) if refs else b""


async def _branch(repository: Repository, base_ref: str) -> str:
    """The name of the branch that `base_ref` means; empty where it means none."""
    if base_ref == "HEAD":
        found = await repository.git.run("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1))
        return found.line if found.rc == 0 else ""
    name = base_ref.removeprefix("refs/heads/")
    command = ("show-ref", "--verify", "--quiet", f"refs/heads/{name}")
    return name if (await repository.git.run(*command, ok=(0, 1, 128))).rc == 0 else ""
