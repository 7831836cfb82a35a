"""Whether a path of a workspace can become part of a tree.

Owns the judging of single paths by `lstat`, and the words for what is wrong. Opens no file: one of
them may be a pipe that never ends, or five terabytes of holes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class CollectLimits:
    """How much one worker may leave.

    Args:
        max_files: paths that differ from base.
        max_file_bytes: size of one file.
    """

    max_files: int
    max_file_bytes: int


class UncollectedCode(StrEnum):
    """Why a path was not collected."""

    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_FILES = "TOO_MANY_FILES"
    SPECIAL_FILE = "SPECIAL_FILE"
    UNREADABLE = "UNREADABLE"
    NESTED_REPOSITORY = "NESTED_REPOSITORY"
    REFUSED_NAME = "REFUSED_NAME"


@dataclass(frozen=True)
class Uncollected:
    """A path that differs from base and is not in the tree.

    Args:
        code: the kind of problem.
        path: relative to the workspace; empty for the whole of it.
        detail: more about it, for a person.
    """

    code: UncollectedCode
    path: bytes
    detail: str


@dataclass(frozen=True)
class Collected:
    """What was collected.

    Args:
        tree: full id of the tree: base with every collected change.
        problems: what is missing in it, sorted by path.
        notes: remarks that change nothing.
    """

    tree: str
    problems: tuple[Uncollected, ...]
    notes: tuple[str, ...]


@dataclass
class Judged:
    """Paths that can be collected, in order, and the problems of the others."""

    good: list[bytes] = field(default_factory=list)
    problems: list[Uncollected] = field(default_factory=list)


def judge(root: bytes, paths: Iterable[bytes], limits: CollectLimits) -> Judged:
    """Looks at each of `paths` in the workspace `root`; one that is not there is passed over."""
    judged = Judged()
    for path in paths:
        if path.endswith(b"/"):
            judged.problems.append(_nested(path.rstrip(b"/")))
            continue
        facts = _facts(root, path)
        if facts is None or stat.S_ISDIR(facts.st_mode):
            continue
        problem = _problem(os.path.join(root, path), path, facts, limits)
        if problem is None:
            judged.good.append(path)
        else:
            judged.problems.append(problem)
    return judged


def any_too_large(root: bytes, paths: Iterable[bytes], limits: CollectLimits) -> bool:
    """Whether one of `paths` is over the limit of size."""
    found = (_facts(root, path) for path in paths)
    return any(facts is not None and facts.st_size > limits.max_file_bytes for facts in found)


def judge_submodules(
    root: bytes, modules: Iterable[bytes]
) -> tuple[list[bytes], list[Uncollected]]:
    """Which of base's submodules are folders no more, and problems for those that hold files.

    A checkout has an empty folder for each, and git is asked to look at none of them: it would
    run a `status` inside, and obey what a worker configured there.
    """
    gone: list[bytes] = []
    problems: list[Uncollected] = []
    for path in modules:
        facts = _facts(root, path)
        if facts is None or not stat.S_ISDIR(facts.st_mode):
            gone.append(path)
        elif _has_entries(os.path.join(root, path)):
            problems.append(_nested(path))
    return gone, problems


def _nested(path: bytes) -> Uncollected:
    detail = "a repository of its own; what is in it cannot be collected"
    return Uncollected(UncollectedCode.NESTED_REPOSITORY, path, detail)


def _problem(
    full: bytes, path: bytes, facts: os.stat_result, limits: CollectLimits
) -> Uncollected | None:
    if stat.S_ISLNK(facts.st_mode):
        return None
    if not stat.S_ISREG(facts.st_mode):
        detail = "neither file, folder nor link"
        return Uncollected(UncollectedCode.SPECIAL_FILE, path, detail)
    if facts.st_size > limits.max_file_bytes:
        detail = f"{facts.st_size} bytes, at most {limits.max_file_bytes} are allowed"
        return Uncollected(UncollectedCode.TOO_LARGE, path, detail)
    if not os.access(full, os.R_OK):
        detail = f"cannot be read (mode {stat.S_IMODE(facts.st_mode):03o})"
        return Uncollected(UncollectedCode.UNREADABLE, path, detail)
    return None


def _facts(root: bytes, path: bytes) -> os.stat_result | None:
    """`lstat` of a path, None when it is not there or lies behind a link."""
    at = path.find(b"/")
    try:
        while at > 0:
            if stat.S_ISLNK(os.lstat(os.path.join(root, path[:at])).st_mode):
                return None
            at = path.find(b"/", at + 1)
        return os.lstat(os.path.join(root, path))
    except OSError:
        return None


def _has_entries(folder: bytes) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
