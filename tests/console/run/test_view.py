"""What a worker's display status is, from events and from what this machine knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.events import Draft, RunInterrupted, WorkerHeard, WorkerRetried
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_tui.console.run.view import Driver, RunView, activity_of, display_status_of, quiet_us
from factory_tui.text.glyphs import DisplayStatus
from tests.console import builders as b

NOBODY = None
SOMEBODY = Driver(4711, "oneshot")


def view_of(
    tmp_path: Path, steps: list[b.Step], *, at: float, driver: Driver | None = SOMEBODY
) -> RunView:
    folder = b.write_run(tmp_path, steps)
    state = fold_all(read_events(folder.ledger))
    now = b.START_US + int(at * b.SECOND)
    return RunView(path=folder.path, state=state, now_us=now, driver=driver, loaded=True)


def display_statuses(view: RunView) -> str:
    return " ".join(f"{w.letter}:{display_status_of(view, w)}" for w in view.panes)


def test_a_run_under_way(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.underway(), at=761)
    assert display_statuses(view) == "A:PASS B:RUNNING C:BLOCKED D:STALLED Z:PENDING"
    assert view.display_status is DisplayStatus.RUNNING
    assert activity_of(view, view.state.integrator) == "needs B,D (2/4 bundles)"


def test_output_counts_as_a_sign_of_life(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.underway(), at=761)
    worker = view.state.workers["D_worker"]
    assert quiet_us(view, worker) == 721 * b.SECOND  # that it is stalled is no sign of life
    heard = RunView(**{**vars(view), "log_growth": {"D_worker": view.now_us - b.SECOND}})
    assert quiet_us(heard, worker) == b.SECOND


def test_a_worker_that_speaks_again_is_stalled_no_longer(tmp_path: Path) -> None:
    again = Draft(WorkerHeard(710), "D_worker")
    view = view_of(tmp_path, [*b.underway(), (750, again)], at=761)
    assert display_statuses(view).split()[3] == "D:RUNNING"


def test_a_quiet_worker_is_not_stalled_until_the_ledger_says_so(tmp_path: Path) -> None:
    view = view_of(tmp_path, [(0, b.created("A")), (1, b.started("A"))], at=3000)
    assert display_statuses(view).startswith("A:RUNNING")


def test_a_run_whose_driver_was_killed_is_stopped(tmp_path: Path) -> None:
    view = view_of(tmp_path, b.underway(), at=761, driver=NOBODY)
    assert display_statuses(view) == "A:PASS B:STOPPED C:BLOCKED D:STOPPED Z:PENDING"
    assert view.display_status is DisplayStatus.STOPPED
    assert "nobody drives" in activity_of(view, view.state.workers["B_worker"])


def test_an_interrupted_run_names_the_cause(tmp_path: Path) -> None:
    cut = (762.0, Draft(RunInterrupted("cancel")))
    view = view_of(tmp_path, [*b.underway(), cut], at=800, driver=NOBODY)
    assert display_status_of(view, view.state.workers["B_worker"]) is DisplayStatus.STOPPED
    assert activity_of(view, view.state.workers["B_worker"]) == "stopped by cancel"


def test_a_worker_that_waits_for_its_next_attempt(tmp_path: Path) -> None:
    steps: list[b.Step] = [
        (0, b.created("A")),
        (1, b.stage("launch")),
        (2, b.started("A", 1, 3)),
        (3, Draft(WorkerRetried(1, "timed out", delay_s=1), "A_worker")),
    ]
    view = view_of(tmp_path, steps, at=4)
    assert display_statuses(view).startswith("A:RETRY")
    assert activity_of(view, view.state.workers["A_worker"]) == "attempt 1 of 3 failed: timed out"


@pytest.mark.parametrize("at", [5, 3605])
def test_a_finished_run_keeps_its_time(tmp_path: Path, at: float) -> None:
    view = view_of(tmp_path, b.blocked(), at=at, driver=NOBODY)
    assert view.elapsed_us // b.SECOND == 76
    assert display_statuses(view).startswith("A:PASS B:PASS C:BLOCKED")


def test_a_reason_with_escapes_stays_one_harmless_line(tmp_path: Path) -> None:
    nasty = b.finished("A", "BLOCKED", "bad\n\x1b[2Jline")
    steps: list[b.Step] = [(0, b.created("A")), (1, b.started("A")), (2, nasty)]
    view = view_of(tmp_path, steps, at=3)
    assert activity_of(view, view.state.workers["A_worker"]) == "bad\\n\\x1b[2Jline"
