"""What a run looks like after its events so far, as one frozen value.

Owns the shape that every front end shows. `fold` makes it; nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from factory_engine.clock import from_rfc3339
from factory_engine.events import NO_PARENT, STAGES, Finding, LockPatterns, RecordedViolation
from factory_engine.status import Status


@dataclass(frozen=True, slots=True)
class CheckState:
    """A check of a worker or of Z; `rc` is None while it runs.

    Of a red one, `last_lines` are the last that it said, `lacked` is what it did not have.
    """

    name: str
    required: bool
    status: str
    rc: int | None = None
    duration_ms: int = 0
    detail: str = ""
    last_lines: tuple[str, ...] = ()
    lacked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker, or Z. Times are RFC 3339, empty where it has not come to that.

    `judged` is the bundle's verdict; `status` the worker's own until the bundle is judged. `counts`
    are those of all its attempts together. `session` is what its agent calls the conversation that
    another attempt could go on with. `stalled`: at work, but silent for longer than is usual.
    """

    worker_id: str
    title: str = ""
    agent: str = ""
    has_task: bool = False
    status: Status = Status.PENDING
    reason: str = ""
    attempt: int = 0
    attempts: int = 1
    activity: str = ""
    started_at: str = ""
    ended_at: str = ""
    last_event_at: str = ""
    files: int = 0
    insertions: int = 0
    deletions: int = 0
    rc: int | None = None
    checks: tuple[CheckState, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    judged: Status = Status.PENDING
    violations: tuple[RecordedViolation, ...] = ()
    violation_count: int = 0
    collected: bool = False
    stalled: bool = False
    session: str = ""

    @property
    def letter(self) -> str:
        """`A` for `A_worker`."""
        return self.worker_id[:1]


@dataclass(frozen=True, slots=True)
class StageState:
    """One stage of the run."""

    name: str
    status: Status = Status.PENDING
    reason: str = ""
    started_at: str = ""
    ended_at: str = ""


@dataclass(frozen=True, slots=True)
class Amendment:
    """A scope lock that an operator made to count; `who` is empty in ledgers of older versions."""

    worker_id: str
    reason: str
    who: str
    old: LockPatterns
    new: LockPatterns


@dataclass(frozen=True, slots=True)
class RunState:
    """A run, folded from its events. Empty before `run.created`.

    `baseline` is what required checks say of base, by name; the run may be stopped by that. `flaky`
    are checks that were red and green on the same tree.
    """

    run_id: str = ""
    kind: str = ""
    base_ref: str = ""
    base_commit: str = ""
    dry_run: bool = False
    status: Status = Status.PENDING
    reason: str = ""
    started_at: str = ""
    ended_at: str = ""
    stages: tuple[StageState, ...] = tuple(StageState(name) for name in STAGES)
    workers: Mapping[str, WorkerState] = field(default_factory=dict)
    integrator: WorkerState = field(default_factory=lambda: WorkerState("Z_integrator"))
    findings: tuple[Finding, ...] = ()
    conflicts: tuple[str, ...] = ()
    culprits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    baseline: Mapping[str, CheckState] = field(default_factory=dict)
    stopped_by_base: bool = False
    flaky: tuple[str, ...] = ()
    merged_tree: str = ""
    interrupted: str = ""
    resumed: int = 0
    amended_locks: Mapping[str, LockPatterns] = field(default_factory=dict)
    amendments: tuple[Amendment, ...] = ()
    warnings: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    previous_run_id: str = ""
    last_seq: int = 0
    last_event_id: str = NO_PARENT
    last_ts: str = ""

    def stage(self, name: str) -> StageState:
        """The stage of that name. Raises KeyError for any other name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    @property
    def current_stage(self) -> str:
        """The stage that runs, else the next one that has not ended; empty after the last."""
        order = (Status.RUNNING, Status.PENDING)
        return next((s.name for want in order for s in self.stages if s.status is want), "")

    @property
    def elapsed_ms(self) -> int:
        """From the first event to the last, in milliseconds."""
        if not self.started_at:
            return 0
        return (from_rfc3339(self.last_ts) - from_rfc3339(self.started_at)) // 1000

    @property
    def violations(self) -> tuple[RecordedViolation, ...]:
        """All violations of all workers and of Z, as far as events carry them."""
        everyone = (*self.workers.values(), self.integrator)
        return tuple(violation for worker in everyone for violation in worker.violations)
