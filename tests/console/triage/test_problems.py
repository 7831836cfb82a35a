"""Why a run is blocked, and what can be done about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.events import (
    INTEGRATOR,
    CulpritSearched,
    Draft,
    IntegrationJudged,
    RecordedViolation,
)
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.status import Status
from factory_tui.console.run.view import Driver, RunView
from factory_tui.console.triage.problems import TriageProblem, options, others, problems_of
from tests.console import builders as b


def view_of(
    tmp_path: Path, steps: list[b.Step], *, driver: Driver | None = None, local: bool = True
) -> RunView:
    folder = b.write_run(tmp_path, steps)
    state = fold_all(read_events(folder.ledger))
    now = b.START_US + 800 * b.SECOND
    return RunView(path=folder.path, state=state, now_us=now, driver=driver, local=local)


def integrated(*violations: RecordedViolation) -> Draft:
    reason = violations[0].code
    return Draft(IntegrationJudged(Status.BLOCKED, reason, violations, len(violations)), INTEGRATOR)


def names(view: RunView, problem: TriageProblem) -> list[str]:
    return [f"{o.name} {o.worker_id[:1]}".strip() for o in options(view, problem)]


def test_a_scope_violation_can_be_amended_retried_left_out_or_left(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.blocked())
    (problem,) = problems_of(view)
    assert (problem.kind, problem.worker_id, problem.path) == (
        "scope",
        "C_worker",
        "pyproject.toml",
    )
    assert names(view, problem) == ["leave", "amend C", "retry C", "without C", "integrate"]
    assert not any(option.obstacle for option in options(view, problem))
    assert all(option.effect for option in options(view, problem))


def test_what_changes_nothing_stands_first(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.blocked())
    first = options(view, problems_of(view)[0])[0]
    assert first.name == "leave"
    assert "exit code stays 2" in first.effect


@pytest.mark.parametrize(
    ("driver", "local", "words"),
    [(Driver(1, "integrate"), True, "being driven"), (None, False, "copy, read only")],
)
def test_nothing_can_be_done_to_a_driven_run_or_a_copy(
    tmp_path: Path, driver: Driver | None, local: bool, words: str
) -> None:
    view = view_of(tmp_path, b.blocked(), driver=driver, local=local)
    scope = next(p for p in problems_of(view) if p.kind == "scope")
    leave, *rest = options(view, scope)
    assert leave.obstacle == ""
    assert all(words in option.obstacle for option in rest)


def test_a_program_that_failed_is_a_problem_of_its_worker(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.underway())
    problem = problems_of(view)[0]
    assert (problem.kind, problem.worker_id) == ("worker", "C_worker")
    assert "out of tokens" in problem.title


def test_a_quiet_worker_of_a_live_run_is_listed(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.underway(), driver=Driver(1, "oneshot"))
    assert [(p.kind, p.worker_id[:1]) for p in problems_of(view)] == [
        ("worker", "C"),
        ("stalled", "D"),
    ]


def test_an_overlap_concerns_everyone_who_is_named(tmp_path: Path) -> None:
    message = "is changed by A_worker and B_worker, and not shared by B_worker"
    overlap = b.violation("", "OVERLAP", "src/x.py", message)
    view = view_of(tmp_path, [*b.blocked()[:19], (80, integrated(overlap))])
    problem = next(p for p in problems_of(view) if p.kind == "overlap")
    assert problem.workers == ("A_worker", "B_worker")
    assert names(view, problem) == [
        "leave",
        "retry A",
        "retry B",
        "without A",
        "without B",
        "integrate",
    ]


def test_a_red_check_concerns_its_culprits(tmp_path: Path) -> None:
    red = RecordedViolation("CHECK", "error", INTEGRATOR, "", "tests exit 1")
    culprits = Draft(CulpritSearched("tests", ("B_worker",)), INTEGRATOR)
    steps = [*b.blocked()[:19], (79.0, culprits), (80.0, integrated(red))]
    view = view_of(tmp_path, steps)
    problem = next(p for p in problems_of(view) if p.kind == "check")
    assert "retry B" in names(view, problem)
    assert "without B" in names(view, problem)


def test_an_edited_lock_can_be_taken(tmp_path: Path) -> None:
    lock = b.violation("C", "LOCK_MISMATCH", "", "allowed_globs: + docs/**")
    steps: list[b.Step] = [
        (0, b.created()),
        (5, b.started("C")),
        (6, b.finished("C")),
        (7, b.judged("C", [lock])),
    ]
    view = view_of(tmp_path, steps)
    problem = problems_of(view)[0]
    assert "take_lock" in names(view, problem)


def test_an_unfinished_run_can_go_on(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.underway()[:10])
    (problem,) = problems_of(view)
    assert names(view, problem) == ["leave", "resume"]


def test_a_blocked_precondition_is_a_problem(tmp_path: Path) -> None:
    steps: list[b.Step] = [
        (0, b.created()),
        (0, b.stage("preflight")),
        (1, b.finding("operation", "block", "a rebase is in progress")),
        (2, b.stage("preflight", "BLOCKED", "a rebase is in progress")),
        (2, b.stage("summary")),
        (3, b.run_finished("BLOCKED", "a rebase is in progress")),
    ]
    view = view_of(tmp_path, steps)
    assert [p.title for p in problems_of(view)] == ["operation: a rebase is in progress"]


def test_a_run_that_passed_has_no_problem(tmp_path: Path) -> None:
    steps = [*b.blocked()[:16], (76.0, b.run_finished("PASS"))]
    assert problems_of(view_of(tmp_path, steps)) == []


def test_everyone_but_one(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.blocked())
    assert others(view, "C_worker") == ["A_worker", "B_worker", "D_worker"]
