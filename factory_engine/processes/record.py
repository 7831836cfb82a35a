"""Which processes a program had, noted beside its log: the next factory ends them by that.

Owns `<log>.pids`. A daemon that emptied its environment and left folder, session and terminal shows
nothing of where it came from once the factory that saw it being born was killed. A number counts
only with the start time of its process, so that no stranger is taken for one of them.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from factory_engine import storage
from factory_engine.errors import StorageError
from factory_engine.plain_file import read_plain

SUFFIX = ".pids"
_MOST_BYTES = 1 << 20
_SAME_S = 0.02


class Record:
    """The note of one program.

    Args:
        path: where it lies; None for no note.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._last: frozenset[psutil.Process] = frozenset()

    def put(self, processes: Iterable[psutil.Process]) -> None:
        """Write down who there is, where that has changed."""
        now = frozenset(processes)
        if self._path is not None and now != self._last:
            self._last = now
            note(self._path, now)


def note(path: Path, processes: Iterable[psutil.Process]) -> None:
    """Write down who they are. A disk that refuses leaves the older note."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            found.append([process.pid, _started(process)])
    try:
        storage.replace_file(path, json.dumps(sorted(found)).encode(), durable=False)
    except StorageError:
        return


def noted_below(folder: Path) -> set[psutil.Process]:
    """Those of all notes below `folder` that live, each the very process that was noted."""
    found: set[psutil.Process] = set()
    for path in folder.rglob(f"*{SUFFIX}") if folder.is_dir() else ():
        try:
            entries = json.loads(read_plain(path, _MOST_BYTES))
            found.update(filter(None, (_living(int(pid), float(at)) for pid, at in entries)))
        except (OSError, ValueError, TypeError, OverflowError, RecursionError):
            continue
    return found


def _living(pid: int, started: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if abs(_started(process) - started) < _SAME_S else None
    except (psutil.Error, OSError):
        return None


def _started(process: psutil.Process) -> float:
    """When it began; on Linux in ticks since the machine did, which no set clock moves."""
    if sys.platform != "linux":
        return float(process.create_time())
    stat = Path(f"/proc/{process.pid}/stat").read_bytes()
    return float(stat.rpartition(b")")[2].split()[19])  # proc(5): starttime
