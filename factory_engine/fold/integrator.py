"""What the events of merging, checking and judging change. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from factory_engine.events import (
    CheckFinished,
    CheckStarted,
    CulpritSearched,
    Event,
    IntegrationDetails,
    IntegrationJudged,
    MergeFinished,
)
from factory_engine.fold.parts import with_check
from factory_engine.state import RunState, WorkerState


def after_integrator_event(state: RunState, event: Event, details: IntegrationDetails) -> RunState:
    """The state after an event of the integrator."""
    match details:
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
            return replace(state, culprits={**state.culprits, details.check: details.workers})
        case IntegrationJudged():
            return replace(state, integrator=_judged(state.integrator, details))
        case _:
            assert_never(details)


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
