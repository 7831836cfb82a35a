"""What of the operator's work tree is put into checkouts although git ignores it.

Owns the choice: dependency folders as package managers name them, or what patterns name. Only ever
reads; what is tracked, or not ignored, is never chosen.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from factory_engine import storage
from factory_engine.git.edge import storage_errors
from factory_engine.git.repository import Repository

AUTO = ("node_modules/", ".venv/", "venv/", "vendor/bundle/")
"""Folders of dependencies, at any depth: npm and its kin, Python, Bundler."""

_TIMEOUT_S = 300
_GLOB = frozenset("*?[!")


@dataclass(frozen=True)
class Carried:
    """One file or folder that is carried.

    Args:
        path: relative to the top of the work tree.
        is_folder: a folder, which is shown as it is; a file is copied.
        entries: how many files and folders it holds; 1 for a file.
        digest: of a file its content, of a folder names, sizes, modes and times of all in it.
    """

    path: str
    is_folder: bool
    entries: int
    digest: str


async def find_carried(
    repository: Repository, base: str, patterns: Sequence[str], excluded: Sequence[Path] = ()
) -> tuple[Carried, ...]:
    """What `patterns` choose of what the operator's git ignores, sorted by path.

    Args:
        repository: the user's.
        base: full id of the base commit; what it has is not carried.
        patterns: with gitignore semantics; a path without wildcards is found inside of an ignored
            folder, too.
        excluded: folders that are never carried, such as that of the runs.
    """
    if not patterns or repository.bare:
        return ()
    git = repository.git.with_user_config()
    command = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    listed = await git.run(*command, "--no-empty-directory", timeout_s=_TIMEOUT_S)
    ignored = [os.fsdecode(path) for path in listed.stdout.split(b"\0")[:-1]]
    spec = GitIgnoreSpec.from_lines(patterns)
    chosen = {path.rstrip("/") for path in ignored if spec.match_file(path)}
    literal = [p.strip("/") for p in patterns if not _GLOB & set(p) and "/" in p.strip("/")]
    if literal:
        asked = b"".join(os.fsencode(path) + b"\0" for path in literal)
        answer = await git.run("check-ignore", "-z", "--stdin", stdin=asked, ok=(0, 1, 128))
        chosen |= {os.fsdecode(path) for path in answer.stdout.split(b"\0")[:-1]}
    root = repository.root
    own = [path for path in sorted(chosen) if not _is_around(root / path, excluded)]
    top = [path for path in own if not any(path.startswith(f"{other}/") for other in own)]
    if top:
        known = await repository.git.run("ls-tree", "-z", "--name-only", base, "--", *top)
        there = {os.fsdecode(path) for path in known.stdout.split(b"\0")}
        top = [path for path in top if path not in there]
    return tuple(
        one for one in await asyncio.to_thread(lambda: [_look(root, path) for path in top]) if one
    )


def _is_around(path: Path, excluded: Sequence[Path]) -> bool:
    return any(one.is_relative_to(path) or path.is_relative_to(one) for one in excluded)


def _look(root: Path, path: str) -> Carried | None:
    full = os.fsencode(root / path)
    try:
        facts = os.lstat(full)
        if stat.S_ISREG(facts.st_mode):
            with open(full, "rb") as file:
                return Carried(path, False, 1, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return None
    if not stat.S_ISDIR(facts.st_mode):
        return None  # a link would show something else, and leads wherever it says by itself
    digest = hashlib.sha256()
    count = 0
    for line in _lines(full):
        digest.update(line)
        count += 1
    return Carried(path, True, count, digest.hexdigest())


def _lines(top: bytes) -> Iterator[bytes]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            what = (facts.st_mode, facts.st_size, facts.st_mtime_ns)
            yield b"%b\0%o %d %d\n" % (entry.path[len(top) :], *what)


def put_files(root: Path, checkout: Path, carried: Sequence[Carried]) -> None:
    """Copies the carried files into a checkout, with their rights.

    Raises:
        StorageError: the disk refused.
    """
    for one in carried:
        if not one.is_folder:
            source, target = root / one.path, checkout / one.path
            with storage_errors("a carried file could not be copied", target):
                storage.make_folder(target.parent, durable=False)
                storage.disk.copy(source, target)
                os.chmod(target, stat.S_IMODE(os.lstat(source).st_mode))


def changed_files(checkout: Path, carried: Sequence[Carried]) -> list[str]:
    """Those carried files that are not as they were put there."""
    found = []
    for one in carried:
        if not one.is_folder and _look(checkout, one.path) != one:
            found.append(one.path)
    return found
