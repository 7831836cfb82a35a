"""What the architecture tests read: the files of this project. Never runs any of them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pathspec import GitIgnoreSpec

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("factory_engine", "factory_tui")
_RUNS = "tools/codex/runs/"  # made by running the factory here, ignored by a file of its own


@dataclass(frozen=True)
class Module:
    """A Python file: its path relative to the root, its lines, its syntax tree."""

    path: str
    lines: int
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name under which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def definitions(self) -> Iterator[tuple[str, ast.AST, int]]:
        """Each function and class with `path:line name` and its number of lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{self.path}:{node.lineno} {node.name}", node, length


@cache
def files() -> tuple[str, ...]:
    """Every file that is, or would be, tracked: all but what .gitignore names."""
    ignored = GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text("utf-8").splitlines())
    found: list[str] = []
    for folder, subfolders, names in os.walk(ROOT):
        relative = Path(folder).relative_to(ROOT)
        subfolders[:] = [
            name
            for name in subfolders
            if name != ".git"
            and not ignored.match_file(path := f"{(relative / name).as_posix()}/")
            and path != _RUNS
        ]
        paths = ((relative / name).as_posix() for name in names if name != ".git")
        found += (path for path in paths if not ignored.match_file(path))
    return tuple(sorted(found))


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """The Python files below `folders`."""
    return tuple(
        Module(path, text.count("\n"), ast.parse(text, path))
        for path in files()
        if path.endswith(".py") and path.split("/", 1)[0] in folders
        for text in [(ROOT / path).read_text("utf-8")]
    )
