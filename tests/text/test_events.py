"""An event is said once: on a line of its own, and beside its type without what the type says."""

from __future__ import annotations

import pytest

from factory_engine.events import (
    INTEGRATOR,
    OPERATOR,
    BundleJudged,
    Details,
    Event,
    EventType,
    Finding,
    LedgerRepaired,
    LockAmended,
    LockPatterns,
    MergeFinished,
    PlannedWorker,
    RunCreated,
    RunFinished,
    WorkerActivity,
    WorkerExited,
    WorkerFinished,
    WorkerRetried,
    WorkerStarted,
)
from factory_engine.fold import fold
from factory_engine.ledger import read_events
from factory_engine.state import RunState
from factory_engine.status import Status
from factory_tui.text.events import detail, display_status, letter, line_of, status_of
from factory_tui.text.glyphs import DisplayStatus
from tests.support.event_json import anything
from tests.support.golden_runs import GOLDEN, STORIES

RUN = "oneshot_20260131T120000Z_01234567_001"
COUNTS = {"files": 1234, "insertions": 5, "deletions": 2}


def event(details: Details, actor: str = "C_worker", rc: int | None = None) -> Event:
    """An event of a run; what it changed and how long it took is the same for all."""
    return Event(
        run_id=RUN,
        seq=1,
        ts_utc="2026-01-31T12:00:00.000000Z",
        actor=actor,
        duration_ms=1200,
        file_counts=COUNTS,
        hashes={},
        rc=rc,
        details=details,
        parent_event_id="0" * 64,
        event_id="1" * 64,
    )


DOCS = PlannedWorker("C_worker", "Docs", "codex", has_task=True, attempts=2)
CREATED = RunCreated("oneshot", "main", "0123456789abcdef" * 2, dry_run=True, workers=(DOCS,))
LOCK = LockPatterns((), (), ())
SAID = [
    (
        event(CREATED, "factory"),
        f"- CREATED  {RUN} from main (0123456789ab, dry run)",
        "from main (0123456789ab, dry run)",
    ),
    (
        event(RunFinished(Status.BLOCKED, "SCOPE"), INTEGRATOR),
        f"Z BLOCKED  {RUN}: SCOPE",
        "BLOCKED  SCOPE",
    ),
    (
        event(LedgerRepaired("ledger.torn.9"), "factory"),
        "- REPAIRED torn end kept as ledger.torn.9",
        "torn end kept as ledger.torn.9",
    ),
    (
        event(WorkerExited(1, "exit 3", 0), rc=3),
        "C EXITED   exit 3 after 1.2 s",
        "exit 3 after 1.2 s",
    ),
    (
        event(WorkerFinished(Status.FAIL, "exit 3")),
        "C FAIL     1,234 files +5 -2; exit 3",
        "FAIL  1,234 files +5 -2; exit 3",
    ),
    (
        event(BundleJudged(Status.BLOCKED, "SCOPE a.txt", "", (), 1)),
        "C BLOCKED  bundle: SCOPE a.txt",
        "BLOCKED  SCOPE a.txt",
    ),
    (
        event(MergeFinished((), (), conflicts=("a", "b")), INTEGRATOR),
        "Z CONFLICT a, b",
        "CONFLICT  a, b",
    ),
    (
        event(LockAmended("C_worker", "agreed", LOCK, LOCK), OPERATOR),
        "op AMENDED  scope of C_worker amended: nothing (agreed)",
        "scope of C_worker amended: nothing (agreed)",
    ),
    (event(anything("worker.sang", {"song": "la"})), "C worker.sang", ""),
]


@pytest.mark.parametrize(("said", "line", "beside"), SAID)
def test_one_wording_stands_on_a_line_and_beside_the_type(
    said: Event, line: str, beside: str
) -> None:
    assert str(line_of(said, RunState())) == f"12:00:00 {line}"
    assert detail(said) == beside


def test_a_line_names_the_title_of_the_worker() -> None:
    state = fold(RunState(), event(CREATED, "factory"))
    started = event(WorkerStarted(2, 2, "codex"))
    assert str(line_of(started, state)) == "12:00:00 C RUNNING  Docs, agent codex, attempt 2 of 2"
    assert detail(started) == "agent codex, attempt 2 of 2"


def test_every_type_has_words() -> None:
    recorded = [e for name in STORIES for e in read_events(GOLDEN / f"{name}.jsonl")]
    assert {e.event_type for e in recorded} == set(EventType)
    for each in recorded:
        assert line_of(each, RunState()).word != each.event_type


def test_foreign_text_is_harmless() -> None:
    assert "\x1b" not in detail(event(WorkerActivity("output", "\x1b[2J")))


def test_the_status_that_an_event_announces_gives_its_colour() -> None:
    assert display_status(event(WorkerRetried(1, "cut"))) is DisplayStatus.RETRY
    blocks = event(Finding("git", "block", "too old"))
    assert display_status(blocks) is DisplayStatus.BLOCKED
    assert status_of(blocks) == "block"
    assert display_status(event(WorkerActivity("output", "x"))) is None


def test_actors_are_one_letter_but_for_the_operator() -> None:
    actors = ("B_worker", INTEGRATOR, OPERATOR, "factory")
    assert [letter(actor) for actor in actors] == ["B", "Z", "op", "-"]
