"""Orphans: makes the factory their new parent, and collects those that have ended.

Owns the kernel's child-subreaper setting and the waiting for adopted processes. Never waits for a
child that asyncio or `subprocess` started: their owners would miss the exit status.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
import time
from collections.abc import Iterable

import psutil

PATIENCE_S = 5.0

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_since: dict[psutil.Process, float] = {}  # when each unclear zombie was first seen


@functools.cache
def adopt_orphans() -> bool:
    """Asks the kernel, once, to hand orphaned grandchildren to this process instead of to init.

    Returns:
        True where that is in force (Linux 3.4 and later, prctl(2)); elsewhere an orphan is found by
        its environment or folder only.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    return bool(prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def collect(orphans: Iterable[psutil.Process], unclear: Iterable[psutil.Process]) -> None:
    """Removes ended processes from the process table.

    Args:
        orphans: zombies that this process has adopted.
        unclear: all zombies that it has adopted or started. Those who start a process wait for it
            at once, so one that stays a zombie for seconds has been adopted.
    """
    now, zombies = time.monotonic(), set(unclear)
    for process in _since.keys() - zombies:
        _since.pop(process, None)
    overdue = {p for p in zombies if now - _since.setdefault(p, now) >= PATIENCE_S}
    for process in overdue.union(orphans):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
