"""What of base, and of what is put in beside it, a program of a run will find.

Owns the questions to git about single paths of base. A file of the operator's work tree that is
neither in base nor put in is not there for any program of a run.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from factory_engine.git.repository import Repository
from factory_engine.sandbox import is_there

Answer = Literal["there", "missing", "not executable", "only yours"]
"""`only yours`: in the operator's work tree, but neither in base nor put in."""

_LINK, _SUBMODULE, _PROGRAM = "120000", "160000", "100755"
_AT_ONCE = 500


@dataclass(frozen=True)
class Asked:
    """A program as a configuration names it, and the PATH on which it is looked for."""

    program: str
    search: str


@dataclass(frozen=True)
class Lookup:
    """What is known of base.

    Args:
        root: the top of the operator's work tree.
        modes: git's mode of each path that was asked about and is in base.
        put_in: files and folders that are put into checkouts, relative to the top.
        made: folders that steps make for checkouts; what will be in them, nobody knows yet.
    """

    root: Path
    modes: dict[str, str]
    put_in: tuple[str, ...] = ()
    made: tuple[str, ...] = ()

    @classmethod
    async def of(cls, repository: Repository, base: str, asked: Iterable[Asked]) -> Lookup:
        """A look-up that can answer for all of `asked`; git is asked once, or not at all."""
        root = repository.root
        wanted = {path for one in asked for path in _inside(one, root)}
        every = sorted({part for path in wanted for part in _with_parents(path)})
        return cls(root, await modes_in(repository, base, every))

    def answer(self, asked: Asked) -> Answer:
        """Whether a program of a run finds this one."""
        inside = _inside(asked, self.root)
        answers = [self._inside_answer(path) for path in inside]
        if "there" in answers:
            return "there"
        if not os.path.dirname(asked.program):
            if _on_the_machine(asked, self.root):
                return "there"
        elif not inside and is_there(asked.program, self.root, asked.search):
            return "there"  # elsewhere on this machine
        return answers[0] if os.path.dirname(asked.program) and answers else _worst(answers)

    def _inside_answer(self, path: str) -> Answer:
        there = self.root / path
        if any(path.startswith(f"{one}/") for one in self.made):
            return "there"
        if any(path == one or path.startswith(f"{one}/") for one in self.put_in):
            if there.is_symlink() or os.access(there, os.X_OK):
                return "there"
            return "not executable" if there.exists() else "missing"
        mode = self.modes.get(path)
        if mode in (_PROGRAM, _LINK):
            return "there"
        if any(self.modes.get(part) in (_LINK, _SUBMODULE) for part in _with_parents(path)[1:]):
            return "there"  # behind a link or in a submodule, where base cannot tell
        if mode is not None:
            return "not executable"
        return "only yours" if there.is_file() else "missing"


async def modes_in(repository: Repository, base: str, paths: Sequence[str]) -> dict[str, str]:
    """git's mode of each of these paths that is in base.

    Args:
        repository: the user's.
        base: full id of the base commit.
        paths: relative to the top.
    """
    modes = {}
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        listed = await repository.git.run("ls-tree", "-z", base, "--", *some)
        for line in listed.stdout.split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            modes[os.fsdecode(path)] = facts[:6].decode("ascii")
    return modes


def _worst(answers: Sequence[Answer]) -> Answer:
    order: tuple[Answer, ...] = ("only yours", "not executable")
    return next((answer for answer in order if answer in answers), "missing")


def _inside(asked: Asked, root: Path) -> list[str]:
    """The paths below the top at which the program may lie, relative to it."""
    if os.path.dirname(asked.program):
        places = [asked.program]
    else:
        folders = [folder for folder in asked.search.split(os.pathsep) if folder]
        places = [os.path.join(folder, asked.program) for folder in folders]
    paths_inside = []
    for place in places:
        full = os.path.normpath(os.path.join(root, place))
        relative = os.path.relpath(full, root).replace(os.sep, "/")
        if relative != "." and relative.split("/")[0] != "..":
            paths_inside.append(relative)
    return paths_inside


def _with_parents(path: str) -> list[str]:
    """The path, then each folder above it."""
    found = [path]
    while parent := posixpath.dirname(found[-1]):
        found.append(parent)
    return found


def _on_the_machine(asked: Asked, root: Path) -> bool:
    """Whether it is on the part of the PATH that does not lead into the operator's work tree."""
    folders = [
        folder
        for folder in asked.search.split(os.pathsep)
        if folder and not _inside(Asked(os.path.join(folder, "x"), ""), root)
    ]
    return bool(folders) and is_there(asked.program, root, os.pathsep.join(folders))
