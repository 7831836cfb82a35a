"""What happens to one worker, whose id is the event's actor. Owns the details of these events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from factory_engine.events.shape import LEFT_OUT
from factory_engine.events.types import EventType
from factory_engine.status import Status


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """Its program starts. `continues`: the agent goes on with the session of an earlier attempt.

    Older ledgers do not tell `sandbox`, `network` (on or off) and `continues`, still less how the
    user's repository is kept from it (`isolation`) and which ports are its own (`port_base`).
    """

    event_type = EventType.WORKER_STARTED
    attempt: int
    attempts: int
    agent: str
    sandbox: str = ""
    isolation: str | None = field(default=None, metadata=LEFT_OUT)
    port_base: int | None = field(default=None, metadata=LEFT_OUT)
    network: str = ""
    continues: bool = False


@dataclass(frozen=True, slots=True)
class WorkerSession:
    """The agent's own name for its conversation; empty once it is not gone on with any more."""

    event_type = EventType.WORKER_SESSION
    session: str


@dataclass(frozen=True, slots=True)
class WorkerActivity:
    """What it is doing now. `counts` are those of all attempts so far."""

    event_type = EventType.WORKER_ACTIVITY
    kind: str
    text: str
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerStalled:
    """It is at work, but silent for longer than is usual; `doing` is what it did last."""

    event_type = EventType.WORKER_STALLED
    silent_s: int
    doing: str


@dataclass(frozen=True, slots=True)
class WorkerHeard:
    """After so long it speaks again."""

    event_type = EventType.WORKER_HEARD
    silent_s: int


@dataclass(frozen=True, slots=True)
class WorkerExited:
    """Its program has ended, with the event's rc. `left_behind`: processes that it left running."""

    event_type = EventType.WORKER_EXITED
    attempt: int
    reason: str
    left_behind: int


@dataclass(frozen=True, slots=True)
class WorkerRetried:
    """Another attempt follows in `delay_s` seconds.

    `kind` is the kind of trouble with the model; None for another reason, and in older ledgers.
    """

    event_type = EventType.WORKER_RETRIED
    attempt: int
    reason: str
    kind: str | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class WorkerChecked:
    """One of its own checks has ended.

    Of a red one, for people: `last_words` is its last line, `last_lines` are its last few, `lacked`
    says what it did not have, in clauses.
    """

    event_type = EventType.WORKER_CHECKED
    name: str
    required: bool
    status: str
    detail: str
    last_words: str | None = field(default=None, metadata=LEFT_OUT)
    last_lines: tuple[str, ...] | None = field(default=None, metadata=LEFT_OUT)
    lacked: tuple[str, ...] | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class WorkerFinished:
    """Its bundle is written; the event carries its counts and hashes."""

    event_type = EventType.WORKER_FINISHED
    status: Status
    reason: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


WorkerDetails = (
    WorkerActivity
    | WorkerStarted
    | WorkerSession
    | WorkerStalled
    | WorkerHeard
    | WorkerExited
    | WorkerRetried
    | WorkerChecked
    | WorkerFinished
)
