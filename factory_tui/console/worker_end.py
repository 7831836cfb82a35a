"""Ending one worker of a run that another process drives.

Owns nothing but the request: the processes are found and ended by the engine, and whoever
drives the run sees its program end and collects what it left.
"""

from __future__ import annotations

from factory_engine.agents.process_tree import Marker, end_tree

GRACE_S = 5.0


async def end_worker(run_id: str, worker_id: str) -> int:
    """End every process of one worker; how many of them could not be ended."""
    ended = await end_tree(None, Marker(run_id, worker_id), None, GRACE_S)
    return ended.survivors
