"""Work beside the event loop. Owns what happens where the machine has no room for a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


async def in_thread(work: Callable[[], Answer]) -> Answer:
    """Do `work` in a thread; here, where no thread can be started.

    A program that forks without end takes the last process number of the machine, and a thread
    needs one too: what ends such a program must not need a thread.
    """
    try:
        return await asyncio.to_thread(work)
    except RuntimeError:
        return work()
