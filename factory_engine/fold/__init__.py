"""The meaning of events: a pure function from a state and an event to the next state.

Owns what each event changes. The live console, the printed lines, `watch`, `ledger-replay` and the
reports all show what `fold` makes of a ledger. Reads no file and no clock, and fails for no event:
what is none was refused where its line was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from factory_engine.events import (
    BaselineFinished,
    BaselineStarted,
    BundleJudged,
    CheckFinished,
    CheckStarted,
    CulpritSearched,
    Event,
    Finding,
    IntegrationJudged,
    LedgerRepaired,
    LockAmended,
    MergeFinished,
    ReportWritten,
    RunCreated,
    RunFinished,
    RunInterrupted,
    RunResumed,
    StageFinished,
    StageStarted,
    Unknown,
    WorkerActivity,
    WorkerChecked,
    WorkerExited,
    WorkerFinished,
    WorkerHeard,
    WorkerRetried,
    WorkerSession,
    WorkerStalled,
    WorkerStarted,
)
from factory_engine.fold.integrator import after_integrator_event
from factory_engine.fold.run import after_run_event
from factory_engine.fold.stage import after_stage_event
from factory_engine.fold.worker import after_worker_event
from factory_engine.state import RunState


def fold(state: RunState, event: Event) -> RunState:
    """The state after `event`. An event of an unknown type moves only the head."""
    folded = _folded(state, event)
    hashes = {**folded.hashes, **event.hashes} if event.hashes else folded.hashes
    return replace(
        folded,
        hashes=hashes,
        last_seq=event.seq,
        last_event_id=event.event_id,
        last_ts=event.ts_utc,
    )


def _folded(state: RunState, event: Event) -> RunState:
    details = event.details
    match details:
        case (
            WorkerActivity()
            | WorkerStarted()
            | WorkerSession()
            | WorkerStalled()
            | WorkerHeard()
            | WorkerExited()
            | WorkerRetried()
            | WorkerChecked()
            | WorkerFinished()
            | BundleJudged()
        ):
            return after_worker_event(state, event, details)
        case StageStarted() | StageFinished() | Finding():
            return after_stage_event(state, event, details)
        case MergeFinished() | CheckStarted() | CheckFinished() | CulpritSearched():
            return after_integrator_event(state, event, details)
        case BaselineStarted() | BaselineFinished() | IntegrationJudged():
            return after_integrator_event(state, event, details)
        case RunCreated() | RunResumed() | RunInterrupted() | RunFinished():
            return after_run_event(state, event, details)
        case LedgerRepaired() | LockAmended():
            return after_run_event(state, event, details)
        case ReportWritten() | Unknown():
            return state
        case _:
            assert_never(details)


def fold_all(events: Iterable[Event], state: RunState | None = None) -> RunState:
    """Fold many events, with the same outcome as one by one.

    Nearly all events of a long run are activity, of which each overwrites the one before: of a row
    of them only what is left at its end is folded, which is twenty times faster.
    """
    folded = RunState() if state is None else state
    row: dict[str, Event] = {}
    left: dict[str, WorkerActivity] = {}
    last: Event | None = None
    for event in events:
        details = event.details
        if isinstance(details, WorkerActivity) and not event.hashes:
            actor = event.actor
            before = left.get(actor)
            if before is not None and (before.counts or not details.text):
                details = _both(before, details)
            row[actor], left[actor], last = event, details, event
            continue
        if last is not None:
            folded, last = _fold_row(folded, row, left, last), None
            row.clear()
            left.clear()
        folded = fold(folded, event)
    return folded if last is None else _fold_row(folded, row, left, last)


def _both(first: WorkerActivity, second: WorkerActivity) -> WorkerActivity:
    """One activity that leaves what two in a row leave."""
    counts = {**first.counts, **second.counts}
    return WorkerActivity(second.kind, second.text or first.text, counts)


def _fold_row(
    state: RunState, row: Mapping[str, Event], left: Mapping[str, WorkerActivity], last: Event
) -> RunState:
    """Fold what is left of the activity of each actor; the head is the row's last event."""
    for actor, event in row.items():
        state = fold(state, replace(event, details=left[actor]))
    return replace(state, last_seq=last.seq, last_event_id=last.event_id, last_ts=last.ts_utc)
