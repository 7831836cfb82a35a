"""Which lines are events: everything else is refused in words, and never with another error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from factory_engine.events import (
    NO_PARENT,
    Draft,
    Event,
    EventType,
    Misfit,
    RunFinished,
    StageFinished,
    Unknown,
    WorkerRetried,
    WorkerStarted,
    parse_line,
    seal,
)
from factory_engine.status import Status
from tests.support.event_json import anything

EVENT: Mapping[str, Any] = {
    "schema_version": 1,
    "run_id": "run",
    "seq": 7,
    "ts_utc": "2026-01-31T12:00:00.000000Z",
    "event_type": "stage.started",
    "actor": "factory",
    "duration_ms": 0,
    "file_counts": {},
    "hashes": {},
    "rc": None,
    "details": {"stage": "launch"},
    "parent_event_id": "0" * 64,
    "event_id": "1" * 64,
}


def line(**changed: Any) -> bytes:
    return json.dumps({**EVENT, **changed}).encode()


def of(event_type: str, **details: Any) -> Event:
    return parse_line(line(event_type=event_type, details=details))


def sealed(draft: Draft) -> dict[str, Any]:
    """What stands in the line of a draft."""
    place = {"run_id": "run", "ts_utc": EVENT["ts_utc"], "parent": NO_PARENT}
    details: dict[str, Any] = json.loads(seal(draft, seq=1, **place)[1])["details"]
    return details


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no JSON"),
        (b"nonsense", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[1]", "is no JSON object"),
        (b"{}", "does not have the keys of an event"),
        (b"[" * 200_000, "is nested too deeply"),
        (line(details="@").replace(b'"@"', b'{"x":' * 200_000), "is nested too deeply"),
        (line(details="@").replace(b'"@"', b"9" * 5000), "is no JSON"),
        (line(details="@").replace(b'"@"', b'{"stage":NaN}'), "is no JSON: NaN is no number"),
        (line(more=1), "does not have the keys of an event"),
        (line(schema_version=2), "is of a newer version of the factory"),
        (line(schema_version=2, more=1), "is of a newer version of the factory"),
        (line(schema_version=True), "does not have the keys of an event"),
        (line(run_id=1), "by something that is no text"),
        (line(run_id="../x"), "with an id that no run can have"),
        (line(seq="7"), "is no whole number"),
        (line(seq=True), "is no whole number"),
        (line(duration_ms=10**30), "is no whole number, or one out of bounds"),
        (line(file_counts={"files": "1"}), "is no whole number"),
        (line(hashes={"x": None}), "is no text"),
        (line(hashes=[]), "is no object"),
        (line(ts_utc="2026-02-31T12:00:00.000000Z"), "is no time"),
        (line(ts_utc="2026-01-31T12:00:00Z"), "is no time"),
        (line(details=[]), "has details that are no object"),
        (line(details={}), "of type stage.started `stage` is missing"),
        (line(details={"stage": []}), "of type stage.started `stage` is no stage"),
        (line(details={"stage": "lunch"}), "of type stage.started `stage` is no stage"),
        (line(event_type="worker.started"), "of type worker.started `attempt` is missing"),
    ],
)
def test_a_line_that_is_no_event_says_why(data: bytes, why: str) -> None:
    with pytest.raises(Misfit) as caught:
        parse_line(data)
    assert why in str(caught.value)


@pytest.mark.parametrize("event_type", EventType)
def test_details_of_another_kind_are_no_details_of_any_type(event_type: str) -> None:
    for details in ({}, {"x": 1}):
        with pytest.raises(Misfit, match=f"of type {event_type} `"):
            of(event_type, **details)


def test_a_nested_record_is_named_by_its_way() -> None:
    violation = {"code": "SCOPE", "severity": "error", "worker_id": "", "path": 1, "message": ""}
    verdict = {"status": "PASS", "reason": "", "total": 1, "violations": [violation]}
    with pytest.raises(Misfit, match="`violations` `path` is no text"):
        of("integration.judged", **verdict)


def test_a_newer_type_is_kept_as_it_is() -> None:
    event = of("worker.sang", song=["la", 1])
    assert event.details == Unknown("worker.sang", {"song": ["la", 1]})
    assert event.event_type == "worker.sang"


def test_a_newer_field_is_passed_over_and_named() -> None:
    event = of("stage.started", stage="launch", mood="good", colour="red")
    assert event.details == of("stage.started", stage="launch").details
    assert event.unread == ("colour", "mood")


def test_what_was_added_later_may_be_missing() -> None:
    started = of("worker.started", attempt=1, attempts=2, agent="codex").details
    assert started == WorkerStarted(1, 2, "codex", "", None, None, "", continues=False)
    retried = of("worker.retried", attempt=1, reason="cut", delay_s=2).details
    assert retried == WorkerRetried(1, "cut", kind=None, delay_s=2)
    finished = of("run.finished", status="PASS", reason="").details
    assert finished == RunFinished(Status.PASS, "", {})


def test_what_is_not_told_is_null_or_left_out_as_ever() -> None:
    retried = sealed(Draft(WorkerRetried(1, "cut")))
    assert retried == {"attempt": 1, "reason": "cut", "kind": None, "delay_s": 0.0}
    assert list(sealed(Draft(StageFinished("summary", Status.PASS)))) == ["stage", "status"]
    assert list(sealed(Draft(StageFinished("launch", Status.PASS, "")))) == [
        *("stage", "status", "reason"),
    ]


def test_a_line_holds_whatever_a_test_wants() -> None:
    assert sealed(Draft(anything("worker.sang", {"song": None}))) == {"song": None}
