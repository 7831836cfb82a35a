"""What happens to a stage, and what preflight finds. Owns the details of these events."""

from __future__ import annotations

from dataclasses import dataclass, field

from factory_engine.events.shape import LEFT_OUT, StageName
from factory_engine.events.types import EventType
from factory_engine.status import Status


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins, for the first time or anew."""

    event_type = EventType.STAGE_STARTED
    stage: StageName


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage has its verdict. `reason` is empty for PASS; the summary has none."""

    event_type = EventType.STAGE_FINISHED
    stage: StageName
    status: Status
    reason: str | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Finding:
    """What preflight or doctor found of one thing that it looked at.

    Args:
        name: what it is about, in a few words.
        level: ok, warn or block.
        message: what was found; of a run it names no folder of this machine.
        advice: what to do about it.
    """

    event_type = EventType.FINDING
    name: str
    level: str
    message: str
    advice: str = ""


StageDetails = StageStarted | StageFinished | Finding
