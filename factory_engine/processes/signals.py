"""How a process is signalled, and the wait for its end.

Owns what differs between systems here: Windows knows no polite signal, every one ends at once.
Never chooses whom to signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Collection

import psutil

from factory_engine.processes import table as process_table

TERM = int(signal.SIGTERM)
CONT = int(getattr(signal, "SIGCONT", signal.SIGTERM))
STOP = int(getattr(signal, "SIGSTOP", signal.SIGTERM))
KILL = int(getattr(signal, "SIGKILL", signal.SIGTERM))


def send(process: psutil.Process, number: int) -> None:
    """Sends a signal to exactly this process, if it is still there and may be signalled.

    A stopped process is woken, or it would never get to handle the signal.
    """
    with contextlib.suppress(psutil.Error):
        if sys.platform == "win32":
            process.kill()
            return
        process.send_signal(number)
        if number != STOP and process.status() == psutil.STATUS_STOPPED:
            process.send_signal(CONT)


def signal_groups(processes: Collection[psutil.Process], number: int) -> None:
    """Signals by process group: the kernel does it in one step, faster than any fork.

    Those of `processes` that are gone are left out, since their numbers may be a stranger's by now.
    """
    if sys.platform == "win32":
        return
    groups = set()
    for process in filter(process_table.alive, processes):
        with contextlib.suppress(OSError):
            groups.add(os.getpgid(process.pid))
    for group in groups - {os.getpgrp()}:
        with contextlib.suppress(OSError):
            os.killpg(group, number)


async def until_gone(
    processes: Collection[psutil.Process], deadline: float, hurry: Callable[[], bool]
) -> None:
    """Waits until none of `processes` is alive, `time.monotonic` reaches `deadline`, or `hurry`."""
    pause = 0.002
    while any(process_table.alive(process) for process in processes):
        if time.monotonic() >= deadline or hurry():
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.025)
