"""`factory init`: what a repository needs so that the runbook's own command lines work in it.

Owns the list of files that are put there, and what the configuration says of what the repository is
made with. Never overwrites a file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import RepositoryError
from factory_engine.plain_file import first_link
from factory_engine.runs.ecosystem import FittingCheck, FittingStep, Found
from factory_engine.runs.ecosystems import look
from factory_engine.runs.whereabouts import find_root

FOLDER = "tools/codex/factory"
CONFIG = f"{FOLDER}/factory.config.json"

_NO_CHECKS = b'"integrator": {"checks": []}'


@dataclass(frozen=True)
class Adopted:
    """One file: where it lies in the repository, and whether it was made now."""

    path: str
    created: bool


@dataclass(frozen=True)
class Adoption:
    """What an adoption will do.

    Args:
        root: the top of the repository.
        found: what the repository is made with.
        contents: every file by its path, in the order of paths.
    """

    root: Path
    found: tuple[Found, ...]
    contents: dict[str, bytes]

    @property
    def has_configuration(self) -> bool:
        """Whether there is one already, so that no step and no check is written."""
        return _is_there(self.root / CONFIG)

    def missing(self) -> list[str]:
        """The files that are to be made."""
        return [path for path in self.contents if not _is_there(self.root / path)]


def plan(start: Path) -> Adoption:
    """Look at the repository around `start`; writes nothing.

    Raises:
        RepositoryError: no repository here, or one in which the files have no place.
    """
    root = find_root(start)
    if root is None:
        raise RepositoryError(
            "no git repository here", where=str(start), advice="make one with `git init`"
        )
    _require_place(root)
    found = tuple(look(root))
    return Adoption(root, found, dict(sorted(_templates(found).items())))


def init(start: Path) -> list[Adopted]:
    """Write configuration, prompt files and shim below the repository around `start`.

    Returns:
        every file, in the order of their paths.

    Raises:
        As `plan`; StorageError: the disk refused.
    """
    return carry_out(plan(start))


def carry_out(adoption: Adoption) -> list[Adopted]:
    """Write what is missing. Raises StorageError where the disk refuses."""
    return [_adopt(adoption.root, path, data) for path, data in adoption.contents.items()]


def _require_place(root: Path) -> None:
    """What is written must become a part of this repository, and of no other place."""
    folder = root
    for name in FOLDER.split("/"):
        folder = folder / name
        kind = ""
        if folder.is_symlink():
            kind = "a symbolic link"
        elif folder.exists() and not folder.is_dir():
            kind = "a file"
        elif (folder / ".git").exists():
            kind = "a submodule, or a repository of its own"
        if kind:
            raise RepositoryError(
                f"is {kind}, so {FOLDER} has no place in this repository",
                where=folder.relative_to(root).as_posix(),
                advice="write a configuration elsewhere, give it with --config, and set"
                " paths.runs_dir in it",
            )


def _templates(found: Sequence[Found]) -> dict[str, bytes]:
    source = files("factory_engine") / "adoption"
    prompts = files("factory_engine") / "agents" / "prompts"
    named = {
        f"{FOLDER}/__init__.py": source / "shim_init.py.txt",
        f"{FOLDER}/__main__.py": source / "shim_main.py.txt",
        CONFIG: source / "factory.config.json",
        **{f"{FOLDER}/prompts/{worker}.md": prompts / f"{worker}.md" for worker in "ABCD"},
    }
    contents = {path: template.read_bytes() for path, template in named.items()}
    contents[CONFIG] = contents[CONFIG].replace(_NO_CHECKS, _sections(found))
    return contents


def _sections(found: Sequence[Found]) -> bytes:
    """The sections about the steps and the checks, in the form of the template."""
    steps = [_as_line(step) for one in found for step in one.steps]
    checks = [_as_line(check) for one in found for check in one.checks]
    prepare = f'"workspace": {_section("prepare", steps)},\n  ' if steps else ""
    return f'{prepare}"integrator": {_section("checks", checks)}'.encode()


def _section(name: str, lines: Sequence[str]) -> str:
    if not lines:
        return f'{{"{name}": []}}'
    listed = ",\n".join(f"      {line}" for line in lines)
    return f'{{\n    "{name}": [\n{listed}\n    ]\n  }}'


def _as_line(one: FittingStep | FittingCheck) -> str:
    """A step or check as JSON on one line, without what is empty."""
    return json.dumps({name: value for name, value in asdict(one).items() if value})


def _adopt(root: Path, relative: str, data: bytes) -> Adopted:
    target = root / relative
    if link := first_link(str(root), str(target.parent)):
        raise RepositoryError(
            "is a symbolic link, and nothing is written through it",
            where=Path(link).relative_to(root).as_posix(),
            advice="remove the link first",
        )
    if _is_there(target):
        return Adopted(relative, created=False)
    storage.make_folder(target.parent)
    storage.replace_file(target, data)
    return Adopted(relative, created=True)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
