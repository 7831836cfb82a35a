"""How much of the machine a program takes while it runs.

Owns the measuring of its folders and its processes, and the words for too much. Ends nothing, but
leaves a program stopped that has started far too many processes to be counted otherwise. Most
looks cost next to nothing: folders and processes are only counted when the whole machine has lost
enough room, or has gained enough processes, for the program to be over its limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import psutil

from factory_engine.processes.program import Limits
from factory_engine.processes.tree import ProcessTree

RESERVE_BYTES = 128 << 20
"""What a program has to leave of the disk: the end of a run is written there."""

_EXPLOSION = 4
_BLOCK = 512  # what st_blocks counts, whatever the file system's own blocks are (POSIX stat.h)


class ResourceMonitor:
    """The measure of one program, taken from its start on.

    Args:
        limits: what it may take.
        tree: its processes.
    """

    def __init__(self, limits: Limits, tree: ProcessTree) -> None:
        self._limits = limits
        self._tree = tree
        self._processes = len(psutil.pids())
        self._free = {folder: _free(folder) for folder in limits.folders}

    def exceeded(self) -> str:
        """What it takes too much of, in words; empty while it does not. Reads the disk."""
        return self._too_many_processes() or self._too_much_room()

    def is_fork_bomb(self) -> bool:
        """Whether the machine has gained several times as many processes as it may have."""
        most = self._limits.processes
        return most is not None and self._gained() > _EXPLOSION * most

    def _gained(self) -> int:
        return len(psutil.pids()) - self._processes

    def _too_many_processes(self) -> str:
        most = self._limits.processes
        if most is None or self._gained() < most // 2:
            return ""
        # Counting takes longer than forking: there would be ever more to count.
        frozen = self.is_fork_bomb()
        if frozen:
            self._tree.freeze()
        if self._tree.count() > most:
            return f"more than {most:,} processes at once (run.max_processes)"
        if frozen:
            self._tree.thaw()
        return ""

    def _too_much_room(self) -> str:
        most = self._limits.disk_bytes
        for folder, before in self._free.items():
            now = _free(folder)
            if now < RESERVE_BYTES and used([folder]) > RESERVE_BYTES:
                return "the disk was almost full of what it wrote"
            if most is not None and before - now > most // 2 and used(self._free) > most:
                return f"more than {most:,} bytes on disk (run.max_disk_bytes)"
        return ""


def used(folders: Iterable[Path]) -> int:
    """The bytes on disk of all there is in `folders`; a hole in a file takes none."""
    return sum(_size(entry) for folder in folders for entry in _entries(folder))


def _entries(folder: Path) -> Iterable[str]:
    for path, folders, files in os.walk(folder):
        yield from (os.path.join(path, name) for name in (*folders, *files))


def _size(path: str) -> int:
    try:
        facts = os.lstat(path)
    except OSError:
        return 0  # gone meanwhile
    return facts.st_blocks * _BLOCK if hasattr(facts, "st_blocks") else facts.st_size


def _free(folder: Path) -> int:
    """Free bytes of the disk below `folder`; of one that is not there as many as can be."""
    try:
        return psutil.disk_usage(str(folder)).free
    except OSError:
        return 1 << 62
