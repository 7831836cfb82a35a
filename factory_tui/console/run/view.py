"""One run as the screens are given it: state, events, and what only this machine knows.

Owns the frozen value that goes down to every widget, and what it means: how a worker stands,
since when it is quiet, how long it has taken. Reads no file and no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.events import INTEGRATOR, Event
from factory_engine.state import RunState, StageState, WorkerState
from factory_engine.status import Status
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus
from factory_tui.text.units import clock_us

STALL_US = 120_000_000
"""Z, of whose silence the ledger does not tell, is called stalled when it is quiet for longer."""

ACTIVE = (DisplayStatus.RUNNING, DisplayStatus.STALLED, DisplayStatus.RETRY)
"""A worker that stands so has processes."""


@dataclass(frozen=True)
class Driver:
    """The process that drives the run now."""

    pid: int
    command: str


@dataclass(frozen=True)
class RunView:
    """A run at one instant.

    Args:
        path: the run's folder; None before one is opened.
        state: the fold of all events so far.
        events: the newest events, oldest first; shared and only ever appended to.
        now_us: the instant, in microseconds since 1970.
        driver: who drives it; None where nobody living does.
        log_growth: when the log of each worker last grew, in microseconds since 1970.
        problem: why the ledger cannot be followed; empty while it can.
        loaded: whether all that was there when it was opened has been read.
        dropped: older events that are no longer kept in memory.
        local: whether the run lies in its repository's runs folder, so that commands can be given.
    """

    path: Path | None = None
    state: RunState = field(default_factory=RunState)
    events: Sequence[Event] = ()
    now_us: int = 0
    driver: Driver | None = None
    log_growth: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""
    loaded: bool = False
    dropped: int = 0
    local: bool = False

    @property
    def run_id(self) -> str:
        """The run's id: what its events say, else its folder's name."""
        return self.state.run_id or (self.path.name if self.path else "")

    @property
    def live(self) -> bool:
        """Whether somebody drives it."""
        return self.driver is not None

    @property
    def panes(self) -> tuple[WorkerState, ...]:
        """The workers in the order of their ids, then Z."""
        return (*self.state.workers.values(), self.state.integrator)

    def worker(self, worker_id: str) -> WorkerState | None:
        """A worker, or Z; None for an id that the run does not have."""
        if worker_id == INTEGRATOR:
            return self.state.integrator
        return self.state.workers.get(worker_id)

    @property
    def end_us(self) -> int:
        """Now while the run is driven, else the time of its last event."""
        return self.now_us if self.live else clock_us(self.state.last_ts)

    @property
    def elapsed_us(self) -> int:
        """From the first event to `end_us`."""
        started = clock_us(self.state.started_at)
        return max(0, self.end_us - started) if started else 0

    @property
    def display_status(self) -> DisplayStatus:
        """How the run stands."""
        return _display_status(self.state.status, running=self.live, begun=bool(self.state.run_id))


def display_status_of(view: RunView, worker: WorkerState) -> DisplayStatus:
    """How a worker, or Z, stands."""
    if worker.status is not Status.RUNNING:
        begun = worker.attempt > 0 and not worker.collected
        return _display_status(worker.status, running=view.live and not begun, begun=begun)
    if not view.live:
        return DisplayStatus.STOPPED
    if worker.activity == "waiting to try again":
        return DisplayStatus.RETRY
    quiet = quiet_us(view, worker) if worker.worker_id == INTEGRATOR else 0
    stalled = worker.stalled or (quiet is not None and quiet > STALL_US)
    return DisplayStatus.STALLED if stalled else DisplayStatus.RUNNING


def display_status_of_stage(view: RunView, stage: StageState) -> DisplayStatus:
    """How a stage stands."""
    return _display_status(stage.status, running=view.live, begun=False)


def quiet_us(view: RunView, worker: WorkerState) -> int | None:
    """Time since the last sign of life: an event or a byte in the log; None where there is none.

    Of a run that nobody drives nothing is awaited.
    """
    last = max(clock_us(worker.last_event_at), view.log_growth.get(worker.worker_id, 0))
    if worker.worker_id == INTEGRATOR and worker.status is Status.RUNNING:
        last = max(last, clock_us(view.state.last_ts))
    return max(0, view.now_us - last) if last and view.live else None


def spent_us(view: RunView, worker: WorkerState) -> int | None:
    """How long a worker has taken so far; None where it has not started."""
    started = clock_us(worker.started_at)
    if not started:
        return None
    ended = clock_us(worker.ended_at)
    return max(0, (ended or view.end_us) - started)


def activity_of(view: RunView, worker: WorkerState) -> str:
    """What a worker is doing, or came to, on one line."""
    if worker.worker_id == INTEGRATOR:
        return one_line(_integrator_activity(view, worker))
    display_status = display_status_of(view, worker)
    if display_status is DisplayStatus.RETRY:
        return one_line(f"attempt {worker.attempt} of {worker.attempts} failed: {worker.reason}")
    if display_status is DisplayStatus.STOPPED:
        return one_line(_stopped(view))
    if worker.status is Status.RUNNING:
        retry = f"[{worker.attempt}/{worker.attempts}] " if worker.attempt > 1 else ""
        return one_line(f"{retry}{worker.activity or 'started'}")
    if worker.status is Status.PENDING:
        return _waiting(view, worker)
    if worker.reason:
        return one_line(worker.reason)
    if not worker.has_task:
        return "no task"
    return "bundle is valid" if worker.judged is Status.PASS else "bundle collected"


def _display_status(status: Status, *, running: bool, begun: bool) -> DisplayStatus:
    if status.is_verdict:
        return DisplayStatus(status.value)
    if status is Status.RUNNING:
        return DisplayStatus.RUNNING if running else DisplayStatus.STOPPED
    if running:
        return DisplayStatus.RUNNING if begun else DisplayStatus.PENDING
    return DisplayStatus.STOPPED if begun else DisplayStatus.PENDING


def _waiting(view: RunView, worker: WorkerState) -> str:
    if not worker.has_task:
        return "no task"
    stage = view.state.current_stage
    if stage == "preflight":
        return "waits for preflight"
    return "waits for a free place" if view.live and stage == "launch" else "not started"


def _integrator_activity(view: RunView, worker: WorkerState) -> str:
    if worker.status is Status.RUNNING:
        if not view.live:
            return _stopped(view)
        return worker.activity or "judging bundles"
    if worker.status.is_verdict:
        return (
            worker.reason
            or _reason_of_run(view)
            or ("nothing to merge" if not worker.files else "merged, every required check is green")
        )
    if worker.activity and view.live:
        return worker.activity  # base is checked while workers are at work
    workers = view.state.workers.values()
    missing = [w.letter for w in workers if not w.collected]
    if missing:
        done = len(view.state.workers) - len(missing)
        return f"needs {','.join(missing)} ({done}/{len(view.state.workers)} bundles)"
    return "waits for bundle-validate" if workers else ""


def _reason_of_run(view: RunView) -> str:
    """Why there was nothing to judge: preflight said no, or the factory failed."""
    return "" if view.state.status is Status.PASS else view.state.reason


def _stopped(view: RunView) -> str:
    cause = view.state.interrupted
    return f"stopped by {cause}" if cause else "nobody drives the run any more"
