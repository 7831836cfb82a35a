"""Who drives a run, in words: the file beside the lock.

Owns `work/holder.json`. Light, because a list of runs asks it; the lock itself is `run_lock`'s.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

HOLDER = "holder.json"
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
        holder = Holder(**json.loads((work / HOLDER).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return holder if holder.is_alive() else None


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
