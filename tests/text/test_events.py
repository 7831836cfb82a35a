"""An event is said once: on a line of its own, and beside its type without what the type says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from factory_engine.events import INTEGRATOR, OPERATOR, Event, EventType
from factory_engine.fold import fold
from factory_engine.state import RunState
from factory_tui.text.events import UNKNOWN, detail, display_status, letter, line_of
from factory_tui.text.glyphs import DisplayStatus

RUN = "oneshot_20260131T120000Z_01234567_001"
COUNTS = {"files": 1234, "insertions": 5, "deletions": 2}


def event(
    kind: str, details: Mapping[str, Any], actor: str = "C_worker", rc: int | None = None
) -> Event:
    """An event of a run; what it changed and how long it took is the same for all."""
    return Event(
        run_id=RUN,
        seq=1,
        ts_utc="2026-01-31T12:00:00.000000Z",
        event_type=kind,
        actor=actor,
        duration_ms=1200,
        file_counts=COUNTS,
        hashes={},
        rc=rc,
        details=details,
        parent_event_id="0" * 64,
        event_id="1" * 64,
    )


CREATED = {"base_ref": "main", "base_commit": "0123456789abcdef" * 2, "dry_run": True}
SAID = [
    (
        event(EventType.RUN_CREATED, CREATED, "factory"),
        f"- CREATED  {RUN} from main (0123456789ab, dry run)",
        "from main (0123456789ab, dry run)",
    ),
    (
        event(EventType.RUN_FINISHED, {"status": "BLOCKED", "reason": "SCOPE"}, INTEGRATOR),
        f"Z BLOCKED  {RUN}: SCOPE",
        "BLOCKED  SCOPE",
    ),
    (
        event(EventType.LEDGER_REPAIRED, {"kept_as": "ledger.torn.9"}, "factory"),
        "- REPAIRED torn end kept as ledger.torn.9",
        "torn end kept as ledger.torn.9",
    ),
    (
        event(EventType.WORKER_EXITED, {"reason": "exit 3"}, rc=3),
        "C EXITED   exit 3 after 1.2 s",
        "exit 3 after 1.2 s",
    ),
    (
        event(EventType.WORKER_FINISHED, {"status": "FAIL", "reason": "exit 3"}),
        "C FAIL     1,234 files +5 -2; exit 3",
        "FAIL  1,234 files +5 -2; exit 3",
    ),
    (
        event(EventType.BUNDLE_JUDGED, {"status": "BLOCKED", "reason": "SCOPE a.txt"}),
        "C BLOCKED  bundle: SCOPE a.txt",
        "BLOCKED  SCOPE a.txt",
    ),
    (
        event(EventType.MERGE_FINISHED, {"conflicts": ["a", "b"], "order": []}, INTEGRATOR),
        "Z CONFLICT a, b",
        "CONFLICT  a, b",
    ),
    (
        event(EventType.LOCK_AMENDED, {"worker_id": "C_worker", "reason": "agreed"}, OPERATOR),
        "op AMENDED  scope of C_worker: agreed",
        "scope of C_worker: agreed",
    ),
]


@pytest.mark.parametrize(("said", "line", "beside"), SAID)
def test_one_wording_stands_on_a_line_and_beside_the_type(
    said: Event, line: str, beside: str
) -> None:
    assert str(line_of(said, RunState())) == f"12:00:00 {line}"
    assert detail(said) == beside


def test_a_line_names_the_title_of_the_worker() -> None:
    worker = {"worker_id": "C_worker", "title": "Docs", "agent": "codex", "has_task": True}
    created = {**CREATED, "kind": "oneshot", "workers": [worker | {"attempts": 2}]}
    state = fold(RunState(), event(EventType.RUN_CREATED, created, "factory"))
    started = event(EventType.WORKER_STARTED, {"agent": "codex", "attempt": 2, "attempts": 2})
    assert str(line_of(started, state)) == "12:00:00 C RUNNING  Docs, agent codex, attempt 2 of 2"
    assert detail(started) == "agent codex, attempt 2 of 2"


def test_every_type_has_words() -> None:
    for kind in EventType:
        assert line_of(event(kind, {}), RunState()).word != kind


def test_details_that_make_no_sense_are_said_to_be_unknown() -> None:
    assert detail(event(EventType.WORKER_STALLED, {"silent_s": "long"})) == UNKNOWN


def test_foreign_text_is_harmless() -> None:
    assert "\x1b" not in detail(event(EventType.WORKER_ACTIVITY, {"text": "\x1b[2J"}))


def test_the_status_that_an_event_announces_gives_its_colour() -> None:
    assert display_status(event(EventType.WORKER_RETRIED, {})) is DisplayStatus.RETRY
    blocks = event(EventType.FINDING, {"level": "block"})
    assert display_status(blocks) is DisplayStatus.BLOCKED
    assert display_status(event(EventType.WORKER_ACTIVITY, {})) is None


def test_actors_are_one_letter_but_for_the_operator() -> None:
    actors = ("B_worker", INTEGRATOR, OPERATOR, "factory")
    assert [letter(actor) for actor in actors] == ["B", "Z", "op", "-"]
