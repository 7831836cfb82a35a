"""`factory init`: what a repository needs so that the runbook's own command lines work in it.

Owns the list of files that are put there. Never overwrites one.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import RepositoryError
from factory_engine.plain_file import first_link
from factory_engine.runs.whereabouts import find_root

FOLDER = "tools/codex/factory"


@dataclass(frozen=True)
class Adopted:
    """One file: where it lies in the repository, and whether it was made now."""

    path: str
    created: bool


def init(start: Path) -> list[Adopted]:
    """Write configuration, prompt files and shim below the repository around `start`.

    Returns:
        every file, in the order of their paths.

    Raises:
        RepositoryError: no repository here.
        StorageError: the disk refused.
    """
    root = find_root(start)
    if root is None:
        raise RepositoryError(
            "no git repository here", where=str(start), advice="make one with `git init`"
        )
    return [_adopt(root, relative, data) for relative, data in sorted(_templates().items())]


def _templates() -> dict[str, bytes]:
    source = files("factory_engine") / "adoption"
    prompts = files("factory_engine") / "agents" / "prompts"
    named = {
        f"{FOLDER}/__init__.py": source / "shim_init.py.txt",
        f"{FOLDER}/__main__.py": source / "shim_main.py.txt",
        f"{FOLDER}/factory.config.json": source / "factory.config.json",
        **{f"{FOLDER}/prompts/{worker}.md": prompts / f"{worker}.md" for worker in "ABCD"},
    }
    return {path: template.read_bytes() for path, template in named.items()}


def _adopt(root: Path, relative: str, data: bytes) -> Adopted:
    target = root / relative
    if link := first_link(str(root), str(target.parent)):
        raise RepositoryError(
            "is a symbolic link, and nothing is written through it",
            where=Path(link).relative_to(root).as_posix(),
            advice="remove the link first",
        )
    if target.exists() or target.is_symlink():
        return Adopted(relative, created=False)
    storage.make_folder(target.parent)
    storage.replace_file(target, data)
    return Adopted(relative, created=True)
