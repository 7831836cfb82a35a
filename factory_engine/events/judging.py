"""What is found about bundles and the merged tree. Owns the details of these events."""

from __future__ import annotations

from dataclasses import dataclass, field

from factory_engine.events.shape import LEFT_OUT
from factory_engine.events.types import INTEGRATOR, EventType
from factory_engine.status import Status


@dataclass(frozen=True, slots=True)
class RecordedViolation:
    """A violation as an event carries it. `path` is as git has it."""

    code: str
    severity: str
    worker_id: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class LockPatterns:
    """The lists of a scope lock."""

    allowed_globs: tuple[str, ...]
    blocked_globs: tuple[str, ...]
    allow_shared_paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockAmended:
    """An operator made the edited lock of a worker the one that counts, and said why."""

    event_type = EventType.LOCK_AMENDED
    worker_id: str
    reason: str
    old: LockPatterns
    new: LockPatterns
    who: str | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class BundleJudged:
    """The verdict on the bundle of the event's actor.

    `tree` is what its patch yields on base, empty where it does not apply. `violations` are the
    first of `total`; all of them stand in Z's STATUS.json.
    """

    event_type = EventType.BUNDLE_JUDGED
    status: Status
    reason: str
    tree: str
    violations: tuple[RecordedViolation, ...]
    total: int


@dataclass(frozen=True, slots=True)
class MergeFinished:
    """The bundles of the workers in `order` are merged; the tree is among the event's hashes.

    `shared` are the paths that several of them changed; with `conflicts` there is no tree.
    """

    event_type = EventType.MERGE_FINISHED
    order: tuple[str, ...]
    shared: tuple[str, ...]
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check of the merged tree begins."""

    event_type = EventType.CHECK_STARTED
    name: str


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """A check of the merged tree has ended. What it said and lacked: as of a worker's check."""

    event_type = EventType.CHECK_FINISHED
    name: str
    required: bool
    status: str
    detail: str
    last_words: str | None = field(default=None, metadata=LEFT_OUT)
    last_lines: tuple[str, ...] | None = field(default=None, metadata=LEFT_OUT)
    lacked: tuple[str, ...] | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class BaselineStarted:
    """A required check begins on base, without any worker's change."""

    event_type = EventType.BASELINE_STARTED
    name: str


@dataclass(frozen=True, slots=True)
class BaselineFinished:
    """What a required check says of base; what it said and lacked as of a worker's check.

    `kept`: it was green before on the same tree in the same environment, and was not run. `stops`:
    it is red, and the run ends with that.
    """

    event_type = EventType.BASELINE_FINISHED
    name: str
    status: str
    detail: str
    kept: bool
    stops: bool
    last_words: str | None = field(default=None, metadata=LEFT_OUT)
    last_lines: tuple[str, ...] | None = field(default=None, metadata=LEFT_OUT)
    lacked: tuple[str, ...] | None = field(default=None, metadata=LEFT_OUT)

    @property
    def violation(self) -> RecordedViolation:
        """What is wrong where it stops the run."""
        return red_on_base(self.name, self.detail)


@dataclass(frozen=True, slots=True)
class CulpritSearched:
    """Who makes a check red: the smallest set of workers; empty where base is red already.

    `flaky`: nobody was searched for, since it was green when tried again on the same tree.
    """

    event_type = EventType.CULPRIT_SEARCHED
    check: str
    workers: tuple[str, ...]
    flaky: bool | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class IntegrationJudged:
    """The verdict of integration. `violations` are the first of Z's own, `total` counts all."""

    event_type = EventType.INTEGRATION_JUDGED
    status: Status
    reason: str
    violations: tuple[RecordedViolation, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ReportWritten:
    """Report, status and digests are on disk; the event carries their hashes."""

    event_type = EventType.REPORT_WRITTEN
    status: Status


def red_on_base(name: str, detail: str) -> RecordedViolation:
    """What is wrong where a required check is red on base."""
    message = f"{name} {detail} on base already, without any worker's change"
    return RecordedViolation("BASELINE", "error", INTEGRATOR, "", message)


BaselineDetails = BaselineStarted | BaselineFinished
IntegrationDetails = (
    MergeFinished | CheckStarted | CheckFinished | CulpritSearched | IntegrationJudged
)
JudgingDetails = LockAmended | BundleJudged | BaselineDetails | IntegrationDetails | ReportWritten
