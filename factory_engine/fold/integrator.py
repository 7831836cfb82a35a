"""What the events of merging, checking and judging change. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from factory_engine.events import (
    BaselineDetails,
    BaselineFinished,
    BaselineStarted,
    CheckFinished,
    CheckStarted,
    CulpritSearched,
    Event,
    IntegrationDetails,
    IntegrationJudged,
    MergeFinished,
)
from factory_engine.fold.parts import ended_check, with_check
from factory_engine.state import RunState, WorkerState
from factory_engine.status import Status


def after_integrator_event(
    state: RunState, event: Event, details: IntegrationDetails | BaselineDetails
) -> RunState:
    """The state after an event of the integrator."""
    match details:
        case BaselineStarted():
            doing = replace(state.integrator, activity=f"check {details.name} on base")
            return replace(state, integrator=doing)
        case BaselineFinished():
            return _baseline(state, event, details)
        case MergeFinished():
            merged = replace(
                state,
                merged_tree=event.hashes.get("tree", ""),
                conflicts=details.conflicts,
            )
            return replace(merged, integrator=_merged(state.integrator, event))
        case CheckStarted():
            doing = replace(state.integrator, activity=f"check {details.name}")
            return replace(state, integrator=doing)
        case CheckFinished():
            checks = with_check(state.integrator.checks, event, details)
            return replace(state, integrator=replace(state.integrator, checks=checks, activity=""))
        case CulpritSearched():
            if details.flaky:
                return replace(state, flaky=(*state.flaky, details.check))
            return replace(state, culprits={**state.culprits, details.check: details.workers})
        case IntegrationJudged():
            return replace(state, integrator=_judged(state.integrator, details))
        case _:
            assert_never(details)


def _baseline(state: RunState, event: Event, details: BaselineFinished) -> RunState:
    """What a check says of base; where the run ends with that, it is Z's verdict, too."""
    check = ended_check(event, details, required=True)
    integrator = replace(state.integrator, activity="")
    if details.stops:
        integrator = replace(
            integrator,
            judged=Status.BLOCKED,
            violations=(details.violation,),
            violation_count=1,
        )
    baseline = {**state.baseline, details.name: check}
    return replace(
        state,
        baseline=baseline,
        stopped_by_base=state.stopped_by_base or details.stops,
        integrator=integrator,
    )


def _merged(integrator: WorkerState, event: Event) -> WorkerState:
    return replace(
        integrator,
        files=event.file_counts.get("files", 0),
        insertions=event.file_counts.get("insertions", 0),
        deletions=event.file_counts.get("deletions", 0),
        activity="merged",
    )


def _judged(integrator: WorkerState, details: IntegrationJudged) -> WorkerState:
    return replace(
        integrator,
        judged=details.status,
        status=details.status,
        reason=details.reason,
        violations=details.violations,
        violation_count=details.total,
        activity="",
    )
