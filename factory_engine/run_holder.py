"""Who drives a run, in words: the file beside the lock.

Owns `work/holder.json`. Light, because a list of runs asks it; the lock itself is `run_lock`'s.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from factory_engine.plain_file import read_below

HOLDER = "holder.json"
_MOST_BYTES = 10_000
_LARGEST_PID = 2**31 - 1
SAME_START_S = 0.01


@dataclass(frozen=True)
class Holder:
    """The process that drives a run: its pid and creation time guard against reuse of the pid."""

    pid: int
    created: float
    command: str
    since: str

    def is_alive(self) -> bool:
        """Whether that very process lives."""
        if os.name == "posix" and not _is_running(self.pid):
            return False
        import psutil  # here, because most holders that are asked for are long gone

        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False  # it has ended; only its parent has not heard of it
            started = float(process.create_time())
        except psutil.Error:
            return False
        return abs(started - self.created) < SAME_START_S


def holder_of(work: Path) -> Holder | None:
    """Who drives the run with this work folder now; None where nobody living does."""
    try:
        holder = _read(read_below(work.parent, (work.name, HOLDER), _MOST_BYTES))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return holder if holder.is_alive() else None


def _read(data: bytes) -> Holder:
    """The holder in a file that anybody may have written. Raises ValueError or TypeError."""
    holder = Holder(**json.loads(data))
    kinds = [type(value) for value in (holder.pid, holder.created, holder.command, holder.since)]
    if kinds != [int, float, str, str] or not 0 < holder.pid <= _LARGEST_PID:
        raise ValueError("no holder")  # 0 and negative numbers mean groups of processes
    return holder


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
