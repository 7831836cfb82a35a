"""What the events of a run as a whole change. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from factory_engine.events import (
    Event,
    LedgerRepaired,
    LockAmended,
    RunCreated,
    RunDetails,
    RunFinished,
    RunInterrupted,
    RunResumed,
)
from factory_engine.state import Amendment, RunState, WorkerState
from factory_engine.status import Status


def after_run_event(state: RunState, event: Event, details: RunDetails | LockAmended) -> RunState:
    """The state after an event of the run, or of the locks that count in it."""
    match details:
        case RunCreated():
            return _created(state, event, details)
        case RunResumed():
            return replace(_waiting_again(state), resumed=state.resumed + 1)
        case RunInterrupted():
            return replace(_waiting_again(state), interrupted=details.cause)
        case RunFinished():
            return _finished(state, event, details)
        case LedgerRepaired():
            note = f"the ledger's torn end was set aside as {details.kept_as}"
            return replace(state, warnings=(*state.warnings, note))
        case LockAmended():
            amended = {**state.amended_locks, details.worker_id: details.new}
            made = Amendment(
                details.worker_id, details.reason, details.who or "", details.old, details.new
            )
            amendments = (*state.amendments, made)
            return replace(state, amended_locks=amended, amendments=amendments)
        case _:
            assert_never(details)


def _created(state: RunState, event: Event, details: RunCreated) -> RunState:
    workers = {
        worker.worker_id: WorkerState(
            worker_id=worker.worker_id,
            title=worker.title,
            agent=worker.agent,
            has_task=worker.has_task,
            attempts=worker.attempts,
        )
        for worker in details.workers
    }
    return replace(
        state,
        run_id=event.run_id,
        kind=details.kind,
        base_ref=details.base_ref,
        base_commit=details.base_commit,
        dry_run=details.dry_run,
        previous_run_id=details.previous_run_id,
        workers=workers,
        started_at=event.ts_utc,
    )


def _waiting_again(state: RunState) -> RunState:
    """What was running when a process ended is waiting again."""
    stages = tuple(
        replace(stage, status=Status.PENDING) if stage.status is Status.RUNNING else stage
        for stage in state.stages
    )
    workers = {
        key: replace(worker, status=Status.PENDING, activity="", stalled=False)
        if worker.status is Status.RUNNING
        else worker
        for key, worker in state.workers.items()
    }
    return replace(
        state,
        status=Status.PENDING,
        interrupted="",
        ended_at="",
        stages=stages,
        workers=workers,
    )


def _finished(state: RunState, event: Event, details: RunFinished) -> RunState:
    integrator = replace(
        state.integrator, status=details.status, activity="", ended_at=event.ts_utc
    )
    return replace(
        state,
        status=details.status,
        reason=details.reason,
        ended_at=event.ts_utc,
        integrator=integrator,
    )
