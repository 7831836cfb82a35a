"""The sample repository of the demo: a small program, its tests, and four programs that change it.

Owns how it is laid out from the files below `sample/`. Makes a new repository, touches no other.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from factory_engine import storage
from factory_engine.runs.new_repository import make_repository

CASES = ("pass", "overlap", "scope", "conflict", "check")
"""What becomes of the run: everything passes, or the kind of problem that blocks it."""

CONFIG = "tools/codex/factory/factory.config.json"
_SUFFIX = ".txt"  # so that no tool takes the sample for a part of this program


async def make_sample(folder: Path, case: str, python: str) -> None:
    """Make the repository at `folder`, with one commit.

    Args:
        folder: an empty folder.
        case: one of `CASES`.
        python: the program that runs Python, as the workers' commands name it.

    Raises:
        StorageError: the disk refused. RepositoryError: there is no git.
    """
    root = files("factory_tui.cli") / "sample"
    for relative, data in sorted(_contents(root)):
        if relative == CONFIG:
            data = data.replace(b"{python}", python.encode()).replace(b"{case}", case.encode())
        target = folder / relative
        storage.make_folder(target.parent)
        storage.replace_file(target, data)
    await make_repository(folder, "Count words")


def _contents(folder: Traversable, above: str = "") -> list[tuple[str, bytes]]:
    """Every file below `folder` by its name in the repository."""
    files: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = f"{above}{entry.name}"
        if entry.is_dir():
            files += _contents(entry, f"{name}/")
        elif name.endswith(_SUFFIX):
            name = name.removesuffix(_SUFFIX)
            # a file of its real name would be obeyed by the git of this program's own repository
            files.append((".gitignore" if name == "gitignore" else name, entry.read_bytes()))
    return files
