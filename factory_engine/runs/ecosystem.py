"""A tool that a repository can be made with: what tells of it, and what fits it.

Owns the form of the table's rows and the look at the top of a work tree. Reads a few files there,
starts nothing and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LARGEST = 1 << 20


@dataclass(frozen=True)
class FittingCheck:
    """A check as it would stand in the configuration."""

    name: str
    run: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FittingStep:
    """A step of `workspace.prepare` as it would stand in the configuration."""

    name: str
    run: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    version: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """Something that the repository is made with.

    Args:
        name: the tool.
        file: the file that tells.
        steps: what makes its dependencies, from a lock file.
        checks: those that fit; none where nothing says how it is tested.
    """

    name: str
    file: str
    steps: tuple[FittingStep, ...]
    checks: tuple[FittingCheck, ...]


@dataclass(frozen=True)
class Top:
    """The top of a work tree, to look at."""

    root: Path

    def has(self, name: str) -> bool:
        """Whether it has a file or folder of that name."""
        return (self.root / name).exists()

    def first(self, names: Sequence[str]) -> str:
        """The first of `names` that is there; empty if none is."""
        return next((name for name in names if self.has(name)), "")

    def text(self, name: str) -> str:
        """What the file holds, as far as it is text; empty if it cannot be read."""
        try:
            with (self.root / name).open("rb") as file:
                return file.read(_LARGEST).decode("utf-8", "replace")
        except OSError:
            return ""

    def scripts(self, name: str) -> dict[str, str]:
        """The scripts of a package.json or composer.json."""
        try:
            document = json.loads(self.text(name))
        except (json.JSONDecodeError, RecursionError):
            return {}
        scripts = document.get("scripts") if isinstance(document, dict) else None
        return {k: str(v) for k, v in scripts.items()} if isinstance(scripts, dict) else {}


def no_steps(top: Top) -> list[FittingStep]:
    """Its tools find what is in their caches in the home folder, or there is nothing to find."""
    return []


@dataclass(frozen=True)
class Ecosystem:
    """A row of the table.

    Args:
        name: the tool.
        files: any of them tells that it is used.
        checks: what fits, made from what else is there.
        steps: the same of the steps that prepare.
        unless: with one of these files another tool is used instead.
    """

    name: str
    files: tuple[str, ...]
    checks: Callable[[Top], list[FittingCheck]]
    unless: tuple[str, ...] = ()
    steps: Callable[[Top], list[FittingStep]] = no_steps
