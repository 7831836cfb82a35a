"""What the events of stages change. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from factory_engine.artifacts.names import FINAL_REPORT, STATUS
from factory_engine.events import (
    INTEGRATOR,
    STAGES,
    Event,
    Finding,
    StageDetails,
    StageFinished,
    StageStarted,
)
from factory_engine.fold.parts import without
from factory_engine.state import RunState, StageState, WorkerState
from factory_engine.status import Status

_VERDICT_FILES = (f"{INTEGRATOR}/{STATUS}", f"{INTEGRATOR}/{FINAL_REPORT}")


def after_stage_event(state: RunState, event: Event, details: StageDetails) -> RunState:
    """The state after an event of a stage."""
    match details:
        case StageStarted():
            return _started(state, event, details.stage)
        case StageFinished():
            return _finished(state, event, details)
        case Finding():
            return replace(state, findings=(*state.findings, details))
        case _:
            assert_never(details)


def _started(state: RunState, event: Event, name: str) -> RunState:
    position = STAGES.index(name)
    stages = tuple(
        replace(stage, status=Status.RUNNING, started_at=event.ts_utc, ended_at="", reason="")
        if stage.name == name
        else (StageState(stage.name) if index > position else stage)
        for index, stage in enumerate(state.stages)
    )
    started = replace(state, status=Status.RUNNING, stages=stages, ended_at="", interrupted="")
    if name != "summary":  # the verdict of before no longer stands
        hashes = without(state.hashes, "attestations/", *_VERDICT_FILES)
        started = replace(started, hashes=hashes, reason="")
    if name == "preflight":
        return replace(started, findings=())
    if name == "integrate":
        fresh = WorkerState(
            INTEGRATOR, status=Status.RUNNING, has_task=True, started_at=event.ts_utc
        )
        return replace(
            started,
            integrator=fresh,
            conflicts=(),
            culprits={},
            flaky=(),
            merged_tree="",
            hashes=without(started.hashes, f"{INTEGRATOR}/"),
        )
    return started


def _finished(state: RunState, event: Event, details: StageFinished) -> RunState:
    stages = tuple(
        replace(stage, status=details.status, reason=details.reason or "", ended_at=event.ts_utc)
        if stage.name == details.stage
        else stage
        for stage in state.stages
    )
    workers = state.workers
    if details.stage == "launch":  # red on base: those that were at work have been ended
        workers = {key: _ended(worker) for key, worker in workers.items()}
    return replace(state, stages=stages, workers=workers, status=Status.PENDING)


def _ended(worker: WorkerState) -> WorkerState:
    """A worker after its stage: one that has left no bundle by then was stopped."""
    if worker.status is not Status.RUNNING:
        return worker
    return replace(worker, status=Status.PENDING, activity="", stalled=False)
