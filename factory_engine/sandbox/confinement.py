"""What a confined program may see and change, before any layer is chosen.

Owns the rule that the longer path wins. Reads the disk only to follow links.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal

Sandbox = Literal["auto", "required", "off", "self"]
"""How a program asks for its sandbox; `self` is one that brings its own."""

SHARED_TEMPORARY = ("/tmp", "/var/tmp")  # these two belong to everybody


@dataclass(frozen=True)
class Confinement:
    """The folders and files of one program; of two that contain a path the longer one counts.

    Everything that is named nowhere can be read and run, and not be changed.

    Args:
        writable: what it may change. One that does not exist is passed over: make it before.
        hidden: what it does not see: secrets, other workers.
        readonly: what it sees, without changing it, although it lies inside a hidden or writable
            folder or in a temporary one that everybody shares.
        temporary: its own folder for temporary files, empty and on disk.
        network: whether it reaches anything but itself.
    """

    writable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    readonly: tuple[Path, ...] = ()
    temporary: Path | None = None
    network: bool = True


class Access(IntEnum):
    """What a rule grants; the greater wins where two rules name the same path."""

    HIDDEN = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Rule:
    """What is granted from one path downwards, up to the next rule below it."""

    path: str
    access: Access


def rules(confinement: Confinement) -> list[Rule]:
    """The rules that count, links followed, each after those whose paths contain its own."""
    granted: dict[str, Access] = {}
    for path, access in _named(confinement):
        real = os.path.realpath(path)
        granted[real] = max(access, granted.get(real, Access.HIDDEN))
    rules_so_far: list[Rule] = []
    for real in sorted(granted, key=_depth):
        around = [rule for rule in rules_so_far if lies_in(real, [rule.path])]
        if not around or around[-1].access is not granted[real]:
            rules_so_far.append(Rule(real, granted[real]))
    return rules_so_far


def _depth(path: str) -> tuple[int, str]:
    return path.rstrip("/").count("/"), path


def lies_in(path: str, folders: Iterable[str]) -> bool:
    """True if `path` is one of `folders` or below one."""
    return any(path == folder or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _named(confinement: Confinement) -> Iterator[tuple[Path, Access]]:
    yield from ((path, Access.HIDDEN) for path in confinement.hidden)
    yield from ((path, Access.READ) for path in confinement.readonly)
    yield from ((path, Access.WRITE) for path in confinement.writable)
    if confinement.temporary:
        yield confinement.temporary, Access.WRITE
