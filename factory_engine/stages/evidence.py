"""What explains a red check: the last of what it said, and what it did not have.

Owns the choice and the wording. All of it is foreign text for people to read: no verdict depends on
it, and it holds no folder of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.processes.environment import withheld
from factory_engine.sandbox import Layer

LAST_LINES = 20
_READ = 64 << 10
_INDENT = 24
_NAMED = 10
_BREAK = re.compile(rb"[\r\n]+")
_REFUSED = re.compile(r"read-only file system|permission denied|\bE(?:ROFS|ACCES|PERM)\b", re.I)
_PATH = re.compile(r"(?<![\w./~-])(?:~|/[\w.@+-]+|\.{0,2})(?:/[\w.@+-]+)+")


def last_lines(log: Path, paths: WorkerPaths) -> tuple[str, ...]:
    """The last lines of a log that are not blank, without escape sequences; at most 20.

    Args:
        log: the file; none where it cannot be read.
        paths: the folders that the program knows by other names than whoever reads this.
    """
    lines = [line for line in _BREAK.split(_end_of(log)) if line.strip()]
    return tuple(_shown(line, paths) for line in lines[-LAST_LINES:])


def lacked(
    *,
    log: Path,
    paths: WorkerPaths,
    layer: Layer,
    network: bool,
    inherited: Mapping[str, str],
    given: Mapping[str, str],
) -> tuple[str, ...]:
    """What a check did not have that whoever starts it by hand has, each as a clause.

    Args:
        log: what it said.
        paths: as for `last_lines`.
        layer: what confined it.
        network: whether it was to reach the network.
        inherited: the environment of the factory.
        given: that of the check.
    """
    said = _end_of(log).decode("utf-8", "replace")
    clauses = []
    if not network and (layer.own_network or layer.name == "landlock"):
        clauses.append("the network was off")
    if names := withheld(inherited, given):
        names = sorted(names, key=lambda name: (name not in said, name))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        clauses.append(f"variables withheld: {', '.join(names[:_NAMED])}{more}")
    if layer.name != "none" and (refused := list(dict.fromkeys(_refused(said, paths)))):
        clauses.append(f"not writable for it: {', '.join(refused[:_NAMED])}")
    return tuple(clauses)


def _refused(said: str, paths: WorkerPaths) -> Iterator[str]:
    """The paths in lines that tell of a refusal; which of them was meant, the line does not say."""
    for line in said.splitlines():
        if _REFUSED.search(line):
            for path in _PATH.findall(line)[:1]:
                yield paths.text(path)


def _shown(line: bytes, paths: WorkerPaths) -> str:
    text = line.decode("utf-8", "replace").replace("\t", "    ")
    indent = len(text) - len(text.lstrip(" "))
    return " " * min(indent, _INDENT) + paths.text(text)


def _end_of(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _READ))
            return file.read(_READ)
    except OSError:
        return b""
