"""What the events of one worker change. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from factory_engine.events import (
    BundleJudged,
    Event,
    WorkerActivity,
    WorkerChecked,
    WorkerDetails,
    WorkerExited,
    WorkerFinished,
    WorkerHeard,
    WorkerRetried,
    WorkerSession,
    WorkerStalled,
    WorkerStarted,
)
from factory_engine.fold.parts import with_check, without
from factory_engine.state import RunState, WorkerState
from factory_engine.status import Status


def after_worker_event(
    state: RunState, event: Event, details: WorkerDetails | BundleJudged
) -> RunState:
    """The state after an event of a worker; as it was where the run has no such worker."""
    worker = state.workers.get(event.actor)
    if worker is None:
        return state
    changed = _changed(worker, event, details)
    if not isinstance(details, WorkerStalled):  # which is no sign of life
        changed = replace(changed, last_event_at=event.ts_utc)
    # an event with hashes of a bundle names all of its files: older ones are gone
    hashes = without(state.hashes, f"{event.actor}/") if event.hashes else state.hashes
    return replace(state, workers={**state.workers, event.actor: changed}, hashes=hashes)


def _changed(
    worker: WorkerState, event: Event, details: WorkerDetails | BundleJudged
) -> WorkerState:
    match details:
        case WorkerActivity():
            return _doing(worker, details)
        case WorkerStarted():
            return _started(worker, event, details)
        case WorkerSession():
            return replace(worker, session=details.session)
        case WorkerStalled():
            return replace(worker, stalled=True)
        case WorkerHeard():
            return replace(worker, stalled=False)
        case WorkerExited():
            return replace(worker, rc=event.rc, activity="collecting", stalled=False)
        case WorkerRetried():
            return replace(worker, reason=details.reason, activity="waiting to try again")
        case WorkerChecked():
            return replace(worker, checks=with_check(worker.checks, event, details))
        case WorkerFinished():
            return _finished(worker, event, details)
        case BundleJudged():
            return _judged(worker, event, details)
        case _:
            assert_never(details)


def _started(worker: WorkerState, event: Event, details: WorkerStarted) -> WorkerState:
    return replace(
        worker,
        status=Status.RUNNING,
        attempt=details.attempt,
        attempts=details.attempts,
        started_at=worker.started_at if details.attempt > 1 else event.ts_utc,
        ended_at="",
        reason="",
        activity="",
        stalled=False,
        # started anew after it had ended: another life, with counts of its own
        counts={} if worker.collected else worker.counts,
        checks=(),
        collected=False,
        judged=Status.PENDING,
        violations=(),
        violation_count=0,
    )


def _doing(worker: WorkerState, details: WorkerActivity) -> WorkerState:
    return replace(
        worker,
        activity=details.text or worker.activity,
        counts={**worker.counts, **details.counts} if details.counts else worker.counts,
    )


def _finished(worker: WorkerState, event: Event, details: WorkerFinished) -> WorkerState:
    return replace(
        worker,
        status=details.status,
        reason=details.reason,
        activity="",
        stalled=False,
        session="",
        ended_at=event.ts_utc,
        files=event.file_counts.get("files", 0),
        insertions=event.file_counts.get("insertions", 0),
        deletions=event.file_counts.get("deletions", 0),
        collected=True,
    )


def _judged(worker: WorkerState, event: Event, details: BundleJudged) -> WorkerState:
    return replace(
        worker,
        judged=details.status,
        status=details.status,
        reason=details.reason,
        files=event.file_counts.get("files", worker.files),
        insertions=event.file_counts.get("insertions", worker.insertions),
        deletions=event.file_counts.get("deletions", worker.deletions),
        violations=details.violations,
        violation_count=details.total,
    )
