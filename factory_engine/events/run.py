"""What happens to a run as a whole. Owns the details of these events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from factory_engine.events.shape import WorkerId
from factory_engine.events.types import EventType
from factory_engine.status import Status


@dataclass(frozen=True, slots=True)
class PlannedWorker:
    """A worker as the plan of the run has it. `attempts`: how many it has at most."""

    worker_id: WorkerId
    title: str
    agent: str
    has_task: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class RunCreated:
    """The first event. A run before this one is named with its last event, so that its loss shows.

    `previous_run_id` and `previous_event_id` are empty for the first run of all.
    """

    event_type = EventType.RUN_CREATED
    kind: str
    base_ref: str
    base_commit: str
    dry_run: bool
    workers: tuple[PlannedWorker, ...]
    previous_run_id: str = ""
    previous_event_id: str = ""


@dataclass(frozen=True, slots=True)
class RunResumed:
    """A command goes on with a run that was there already."""

    event_type = EventType.RUN_RESUMED
    command: str


@dataclass(frozen=True, slots=True)
class RunInterrupted:
    """The driving process was stopped: by SIGINT, SIGTERM, or cancel from another process."""

    event_type = EventType.RUN_INTERRUPTED
    cause: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The last event, with enough for a list of runs: the event's counts are those of the patch.

    `workers` has the status of each. `reason` is empty for PASS.
    """

    event_type = EventType.RUN_FINISHED
    status: Status
    reason: str
    workers: Mapping[str, Status] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerRepaired:
    """Bytes that a dying process left after the last line were moved to the file `kept_as`.

    Where they stood and how many they were is told by that file: its name ends in their offset.
    """

    event_type = EventType.LEDGER_REPAIRED
    kept_as: str


RunDetails = RunCreated | RunResumed | RunInterrupted | RunFinished | LedgerRepaired
