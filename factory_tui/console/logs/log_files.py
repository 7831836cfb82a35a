"""When the logs of running programs last grew.

Owns where a worker's current log is found, live or collected. Reads folders and dates, no
contents.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from factory_engine.artifacts.names import LOGS
from factory_engine.events import INTEGRATOR
from factory_engine.run_folder import RunFolder
from factory_engine.state import RunState
from factory_engine.status import Status


def log_growth(folder: RunFolder, state: RunState) -> dict[str, int]:
    """For each running worker when a log of it last grew, in microseconds since 1970."""
    found = {}
    for worker in (*state.workers.values(), state.integrator):
        if worker.status is Status.RUNNING:
            times = [modified for _, modified in _logs(folder.live_logs / worker.worker_id)]
            if times:
                found[worker.worker_id] = max(times) // 1000
    return found


def current_log(folder: RunFolder, owner: str) -> Path | None:
    """The log that tells most about a worker, or Z, now: of what runs, else of what ran last."""
    for place in (folder.live_logs / owner, folder.bundle(owner) / LOGS):
        logs = sorted(_logs(place), key=lambda log: (log[1], log[0].name))
        agents = [log for log in logs if log[0].name.startswith("agent")]
        # collected logs are all written at one instant: the program's own one says most
        chosen = agents if agents and place.name == LOGS and owner != INTEGRATOR else logs
        if chosen:
            return chosen[-1][0]
    return None


def log_files(folder: RunFolder, owner: str) -> list[Path]:
    """All logs of a worker or Z: live ones where there are any, else those of its bundle."""
    for place in (folder.live_logs / owner, folder.bundle(owner) / LOGS):
        logs = sorted(log[0] for log in _logs(place))
        if logs:
            return logs
    return []


def _logs(place: Path) -> Iterator[tuple[Path, int]]:
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.endswith(".log") and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path), entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return
