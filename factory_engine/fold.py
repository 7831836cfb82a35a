"""The meaning of events: a pure function from a state and an event to the next state.

Owns what each event changes. The live console, the printed lines, `watch`, `ledger-replay` and the
reports all show what `fold` makes of a ledger. Reads no file and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from factory_engine.events import Event, EventType
from factory_engine.state import (
    STAGES,
    CheckState,
    Finding,
    RunState,
    StageState,
    ViolationState,
    WorkerState,
)
from factory_engine.status import Status

_ACTIVITY = str(EventType.WORKER_ACTIVITY)
_VERDICT_FILES = ("Z_integrator/STATUS.json", "Z_integrator/FINAL_REPORT.txt")


def fold(state: RunState, event: Event) -> RunState:
    """The state after `event`. An event of an unknown type moves only the head."""
    handler = _HANDLERS.get(event.event_type)
    folded = handler(state, event) if handler else state
    hashes = {**folded.hashes, **event.hashes} if event.hashes else folded.hashes
    return replace(
        folded,
        hashes=hashes,
        last_seq=event.seq,
        last_event_id=event.event_id,
        last_ts=event.ts_utc,
    )


def fold_all(events: Iterable[Event], state: RunState | None = None) -> RunState:
    """Fold many events, with the same outcome as one by one.

    Nearly all events of a long run are activity, of which each overwrites the one before: of a row
    of them only what is left at its end is folded, which is twenty times faster.
    """
    folded = RunState() if state is None else state
    row: dict[str, Event] = {}
    last: Event | None = None
    for event in events:
        if event.event_type == _ACTIVITY and not event.hashes:
            before = row.get(event.actor)
            row[event.actor] = event if before is None else _both(before, event)
            last = event
            continue
        if last is not None:
            folded, row, last = _fold_row(folded, row, last), {}, None
        folded = fold(folded, event)
    return folded if last is None else _fold_row(folded, row, last)


def _both(first: Event, second: Event) -> Event:
    """One activity that leaves what two in a row leave."""
    text, counts = second.details["text"], second.details.get("counts")
    before = first.details.get("counts")
    if text and not before:
        return second
    details = {
        "text": text or first.details["text"],
        "counts": {**before, **(counts or {})} if before else counts,
    }
    return replace(second, details=details)


def _fold_row(state: RunState, row: Mapping[str, Event], last: Event) -> RunState:
    """Fold one activity of each actor; the head is the row's last event."""
    for event in row.values():
        state = fold(state, event)
    return replace(state, last_seq=last.seq, last_event_id=last.event_id, last_ts=last.ts_utc)


# --- the run ------------------------------------------------------------------------------------


def _run_created(state: RunState, event: Event) -> RunState:
    details = event.details
    workers = {
        worker["worker_id"]: WorkerState(
            worker_id=worker["worker_id"],
            title=worker.get("title", ""),
            agent=worker.get("agent", ""),
            has_task=worker.get("has_task", False),
            attempts=worker.get("attempts", 1),
        )
        for worker in details["workers"]
    }
    return replace(
        state,
        run_id=event.run_id,
        kind=details["kind"],
        base_ref=details["base_ref"],
        base_commit=details["base_commit"],
        dry_run=details["dry_run"],
        previous_run_id=details.get("previous_run_id", ""),
        workers=workers,
        started_at=event.ts_utc,
    )


def _run_resumed(state: RunState, event: Event) -> RunState:
    """What was running when the last process ended is waiting again."""
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
        resumed=state.resumed + 1,
        stages=stages,
        workers=workers,
    )


def _run_interrupted(state: RunState, event: Event) -> RunState:
    stopped = _run_resumed(state, event)
    return replace(stopped, interrupted=event.details["cause"], resumed=state.resumed)


def _run_finished(state: RunState, event: Event) -> RunState:
    status = Status(event.details["status"])
    integrator = replace(state.integrator, status=status, activity="", ended_at=event.ts_utc)
    return replace(
        state,
        status=status,
        reason=event.details["reason"],
        ended_at=event.ts_utc,
        integrator=integrator,
    )


def _ledger_repaired(state: RunState, event: Event) -> RunState:
    note = f"the ledger's torn end was set aside as {event.details['kept_as']}"
    return replace(state, warnings=(*state.warnings, note))


def _lock_amended(state: RunState, event: Event) -> RunState:
    amended = {event.details["worker_id"]: event.details["new"]}
    return replace(state, amended_locks={**state.amended_locks, **amended})


# --- stages -------------------------------------------------------------------------------------


def _stage_started(state: RunState, event: Event) -> RunState:
    name = event.details["stage"]
    position = STAGES.index(name)
    stages = tuple(
        replace(stage, status=Status.RUNNING, started_at=event.ts_utc, ended_at="", reason="")
        if stage.name == name
        else (StageState(stage.name) if index > position else stage)
        for index, stage in enumerate(state.stages)
    )
    started = replace(state, status=Status.RUNNING, stages=stages, ended_at="", interrupted="")
    if name != "summary":  # the verdict of before no longer stands
        hashes = _without(state.hashes, "attestations/", *_VERDICT_FILES)
        started = replace(started, hashes=hashes, reason="")
    if name == "preflight":
        return replace(started, findings=())
    if name == "integrate":
        fresh = WorkerState(
            "Z_integrator", status=Status.RUNNING, has_task=True, started_at=event.ts_utc
        )
        return replace(
            started,
            integrator=fresh,
            conflicts=(),
            culprits={},
            merged_tree="",
            hashes=_without(started.hashes, "Z_integrator/"),
        )
    return started


def _stage_finished(state: RunState, event: Event) -> RunState:
    name = event.details["stage"]
    stages = tuple(
        replace(
            stage,
            status=Status(event.details["status"]),
            reason=event.details.get("reason", ""),
            ended_at=event.ts_utc,
        )
        if stage.name == name
        else stage
        for stage in state.stages
    )
    return replace(state, stages=stages, status=Status.PENDING)


def _finding(state: RunState, event: Event) -> RunState:
    details = event.details
    finding = Finding(
        details["name"], details["level"], details["message"], details.get("advice", "")
    )
    return replace(state, findings=(*state.findings, finding))


# --- workers ------------------------------------------------------------------------------------


def _worker_started(worker: WorkerState, event: Event) -> WorkerState:
    return replace(
        worker,
        status=Status.RUNNING,
        attempt=event.details["attempt"],
        attempts=event.details.get("attempts", worker.attempts),
        started_at=worker.started_at if event.details["attempt"] > 1 else event.ts_utc,
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


def _worker_activity(worker: WorkerState, event: Event) -> WorkerState:
    counts = event.details.get("counts")
    return replace(
        worker,
        activity=event.details["text"] or worker.activity,
        counts={**worker.counts, **counts} if counts else worker.counts,
    )


def _worker_session(worker: WorkerState, event: Event) -> WorkerState:
    return replace(worker, session=event.details["session"])


def _worker_stalled(worker: WorkerState, event: Event) -> WorkerState:
    return replace(worker, stalled=True)


def _worker_heard(worker: WorkerState, event: Event) -> WorkerState:
    return replace(worker, stalled=False)


def _worker_exited(worker: WorkerState, event: Event) -> WorkerState:
    return replace(worker, rc=event.rc, activity="collecting", stalled=False)


def _worker_retried(worker: WorkerState, event: Event) -> WorkerState:
    return replace(worker, reason=event.details["reason"], activity="waiting to try again")


def _worker_checked(worker: WorkerState, event: Event) -> WorkerState:
    return replace(worker, checks=_with_check(worker.checks, event))


def _worker_finished(worker: WorkerState, event: Event) -> WorkerState:
    return replace(
        worker,
        status=Status(event.details["status"]),
        reason=event.details["reason"],
        activity="",
        stalled=False,
        session="",
        ended_at=event.ts_utc,
        files=event.file_counts.get("files", 0),
        insertions=event.file_counts.get("insertions", 0),
        deletions=event.file_counts.get("deletions", 0),
        collected=True,
    )


def _bundle_judged(worker: WorkerState, event: Event) -> WorkerState:
    return replace(
        worker,
        judged=Status(event.details["status"]),
        status=Status(event.details["status"]),
        reason=event.details.get("reason", worker.reason),
        files=event.file_counts.get("files", worker.files),
        insertions=event.file_counts.get("insertions", worker.insertions),
        deletions=event.file_counts.get("deletions", worker.deletions),
        violations=_violations(event.details["violations"]),
        violation_count=event.details["total"],
    )


# --- the integrator -----------------------------------------------------------------------------


def _merge_finished(state: RunState, event: Event) -> RunState:
    integrator = replace(
        state.integrator,
        files=event.file_counts.get("files", 0),
        insertions=event.file_counts.get("insertions", 0),
        deletions=event.file_counts.get("deletions", 0),
        activity="merged",
    )
    return replace(
        state,
        integrator=integrator,
        merged_tree=event.hashes.get("tree", ""),
        conflicts=tuple(event.details["conflicts"]),
    )


def _check_started(state: RunState, event: Event) -> RunState:
    activity = f"check {event.details['name']}"
    return replace(state, integrator=replace(state.integrator, activity=activity))


def _check_finished(state: RunState, event: Event) -> RunState:
    checks = _with_check(state.integrator.checks, event)
    return replace(state, integrator=replace(state.integrator, checks=checks, activity=""))


def _culprit_searched(state: RunState, event: Event) -> RunState:
    found = {event.details["check"]: tuple(event.details["workers"])}
    return replace(state, culprits={**state.culprits, **found})


def _integration_judged(state: RunState, event: Event) -> RunState:
    integrator = replace(
        state.integrator,
        judged=Status(event.details["status"]),
        status=Status(event.details["status"]),
        reason=event.details["reason"],
        violations=_violations(event.details["violations"]),
        violation_count=event.details["total"],
        activity="",
    )
    return replace(state, integrator=integrator)


def _with_check(checks: tuple[CheckState, ...], event: Event) -> tuple[CheckState, ...]:
    details = event.details
    check = CheckState(
        name=details["name"],
        required=details["required"],
        status=details["status"],
        rc=event.rc,
        duration_ms=event.duration_ms,
        detail=details.get("detail", ""),
    )
    return (*(known for known in checks if known.name != check.name), check)


def _violations(records: Iterable[Mapping[str, Any]]) -> tuple[ViolationState, ...]:
    return tuple(ViolationState(**record) for record in records)


def _without(hashes: Mapping[str, str], *prefixes: str) -> dict[str, str]:
    return {path: digest for path, digest in hashes.items() if not path.startswith(prefixes)}


def _of_worker(change: Callable[[WorkerState, Event], WorkerState]) -> _Handler:
    def handle(state: RunState, event: Event) -> RunState:
        worker = state.workers.get(event.actor)
        if worker is None:
            return state
        changed = change(worker, event)
        if event.event_type != EventType.WORKER_STALLED:  # which is no sign of life
            changed = replace(changed, last_event_at=event.ts_utc)
        # an event with hashes of a bundle names all of its files: older ones are gone
        hashes = _without(state.hashes, f"{event.actor}/") if event.hashes else state.hashes
        return replace(state, workers={**state.workers, event.actor: changed}, hashes=hashes)

    return handle


_Handler = Callable[[RunState, Event], RunState]
_HANDLERS: dict[str, _Handler] = {
    EventType.RUN_CREATED: _run_created,
    EventType.RUN_RESUMED: _run_resumed,
    EventType.RUN_INTERRUPTED: _run_interrupted,
    EventType.RUN_FINISHED: _run_finished,
    EventType.LEDGER_REPAIRED: _ledger_repaired,
    EventType.LOCK_AMENDED: _lock_amended,
    EventType.STAGE_STARTED: _stage_started,
    EventType.STAGE_FINISHED: _stage_finished,
    EventType.FINDING: _finding,
    EventType.WORKER_STARTED: _of_worker(_worker_started),
    EventType.WORKER_ACTIVITY: _of_worker(_worker_activity),
    EventType.WORKER_SESSION: _of_worker(_worker_session),
    EventType.WORKER_STALLED: _of_worker(_worker_stalled),
    EventType.WORKER_HEARD: _of_worker(_worker_heard),
    EventType.WORKER_EXITED: _of_worker(_worker_exited),
    EventType.WORKER_RETRIED: _of_worker(_worker_retried),
    EventType.WORKER_CHECKED: _of_worker(_worker_checked),
    EventType.WORKER_FINISHED: _of_worker(_worker_finished),
    EventType.BUNDLE_JUDGED: _of_worker(_bundle_judged),
    EventType.MERGE_FINISHED: _merge_finished,
    EventType.CHECK_STARTED: _check_started,
    EventType.CHECK_FINISHED: _check_finished,
    EventType.CULPRIT_SEARCHED: _culprit_searched,
    EventType.INTEGRATION_JUDGED: _integration_judged,
}
