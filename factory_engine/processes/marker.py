"""The mark that every process of a run carries, and the signs of one that got rid of it.

Owns the names of the marking environment variables. Never sends a signal.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from factory_engine.processes import table as process_table

# What an environment holds that a login, a desktop or the factory's own git layer handed down. A
# daemon that gets rid of its mark clears these too; the operator's editor or browser has them.
_OPERATORS = frozenset(
    {
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "GIT_CONFIG_NOSYSTEM",
        "SSH_CONNECTION",
        "TERM",
        "TERM_PROGRAM",
        "WAYLAND_DISPLAY",
        "XDG_SESSION_ID",
        "XPC_SERVICE_NAME",
    }
)
# Every process has one of these but those whose environment was emptied.
_EVERYBODYS = frozenset({"HOME", "LOGNAME", "USER", "USERPROFILE"})


@dataclass(frozen=True)
class Marker:
    """The mark in the environment of every process of a run; it survives fork, exec and setsid.

    Args:
        run_id: the run.
        worker_id: the worker, or None for all of the run.
        step: which of a worker's programs, or None for all of them. Programs that run at the same
            time for the same worker need different ones.
        place: where the run lies, as a digest: run ids may be pinned, so that runs of two
            repositories can have the same. None for any place.
    """

    run_id: str
    worker_id: str | None = None
    step: str | None = None
    place: str | None = None

    @classmethod
    def of_run(cls, folder: Path, run_id: str, worker_id: str | None = None) -> Marker:
        """The mark of every process of the run in `folder`, or of one worker of it."""
        place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        return cls(run_id, worker_id, place=place)

    def variables(self) -> dict[str, str]:
        """The environment variables that make the mark."""
        values = {
            "FACTORY_RUN_ID": self.run_id,
            "FACTORY_WORKER_ID": self.worker_id,
            "FACTORY_STEP": self.step,
            "FACTORY_RUN_PLACE": self.place,
        }
        return {name: value for name, value in values.items() if value is not None}

    def is_on(self, environment: Mapping[str, str]) -> bool:
        """True if a process with this environment carries the mark."""
        return all(environment.get(name) == value for name, value in self.variables().items())


def carries(process: psutil.Process, marker: Marker) -> bool:
    """True if a process of this user carries `marker`."""
    environment = process_table.environment(process)
    return bool(environment and marker.is_on(environment)) and process_table.of_this_user(process)


def hides(process: psutil.Process, *, emptied: bool) -> bool:
    """True if a process got rid of its mark, and has no terminal but one that it made itself.

    No innocent process is like that. For an instant between fork and exec every process looks like
    it: ask twice.

    Args:
        emptied: ask for an environment without any personal variable.
    """
    signs = _OPERATORS | _EVERYBODYS if emptied else _OPERATORS
    if not _is_bare(process, signs) or not process_table.of_this_user(process):
        return False
    if not process_table.has_terminal(process):
        return True
    holders = process_table.holders_of_terminal(process)
    return bool(holders) and all(_is_bare(holder, signs) for holder in holders)


def _is_bare(process: psutil.Process, signs: frozenset[str]) -> bool:
    """Whether its environment has none of these variables, and no mark; just forked ones have."""
    environment = process_table.environment(process)
    if environment is None or environment.keys() & signs or "FACTORY_RUN_ID" in environment:
        return False
    return environment != process_table.environment(psutil.Process())
