"""Going back, leaving, cancelling: what is asked, and what it ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_engine.runs import control
from factory_tui.console.control.command_lines import Command
from tests.console import builders as b
from tests.console.looking import console, shown, until, until_shown
from tests.console.screens.test_triage import given

__all__ = ["given"]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run under way in its repository's runs folder."""
    return b.write_run(tmp_path / "runs", b.underway())


async def test_a_live_run_is_asked_about_and_detaching_leaves_it(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "B ●")
            await pilot.press("q")
            await until_shown(pilot, "is still running", "1 Detach", "2 Cancel run", "3 Stay")
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.return_value is not None)
            assert pilot.app.return_value == 3
    assert given == []


async def test_staying_stays(run: RunFolder, clock: b.SteppingClock, given: list[Command]) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "B ●")
            for answer in ("3", "escape"):
                await pilot.press("ctrl+q")
                await until_shown(pilot, "is still running")
                await pilot.press(answer)
                await until(pilot, lambda: "is still running" not in shown(pilot.app))
            assert pilot.app.return_value is None
    assert given == []


async def test_cancelling_on_the_way_out_gives_the_command(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "B ●")
            await pilot.press("q")
            await until_shown(pilot, "is still running")
            await pilot.press("2")
            await until(pilot, lambda: pilot.app.return_value is not None)
    assert given[0].steps == (("cancel", "--run-id", b.RUN_ID),)


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (b.blocked(), 2),
        ([*b.blocked()[:16], (76.0, b.run_finished("PASS"))], 0),
        ([*b.blocked()[:16], (76.0, b.run_finished("FAIL"))], 1),
        (b.underway(), 3),
    ],
    ids=["blocked", "pass", "fail", "unfinished"],
)
async def test_the_exit_code_is_the_runs(
    tmp_path: Path, clock: b.SteppingClock, steps: list[b.Step], code: int
) -> None:
    folder = b.write_run(tmp_path, steps)
    async with console(folder, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.return_value is not None)
        assert pilot.app.return_value == code


async def test_escape_never_leaves(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert pilot.app.return_value is None
        await until_shown(pilot, "A ✓")


async def test_q_goes_back_below_the_top(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("L")
        await until_shown(pilot, "» Ledger")
        await pilot.press("q")
        await until(pilot, lambda: "» Ledger" not in shown(pilot.app))
        assert pilot.app.return_value is None


async def test_cancelling_a_run_asks_with_its_name_and_the_focus_on_no(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "B ●")
            await pilot.press("X")
            await until_shown(pilot, f"Cancel run {b.RUN_ID}?")
            await pilot.press("enter")
            await pilot.press("X")
            await until_shown(pilot, f"Cancel run {b.RUN_ID}?")
            await pilot.press("n")
            assert given == []
            await pilot.press("X")
            await until_shown(pilot, f"Cancel run {b.RUN_ID}?")
            await pilot.press("y")
            await until(pilot, lambda: given)
    assert given[0].steps[0][0] == "cancel"


async def test_cancelling_a_worker_ends_its_processes_alone(
    run: RunFolder,
    clock: b.SteppingClock,
    given: list[Command],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[tuple[Path, str]] = []

    async def end_worker(folder: RunFolder, worker_id: str) -> int:
        ended.append((folder.path, worker_id))
        return 0

    monkeypatch.setattr(control, "end_worker", end_worker)
    with hold(run.work, "oneshot"):
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "B ●")
            await pilot.press("2", "x")
            await until_shown(pilot, "Cancel B_worker of", "End B")
            await pilot.press("2")
            await until_shown(pilot, "B_worker was ended")
    assert ended == [(run.path, "B_worker")]
    assert given == []


async def test_a_key_that_makes_no_sense_says_why(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, runs_dir=run.path.parent) as pilot:
            await until_shown(pilot, "A ✓")
            await pilot.press("1", "x")
            await until_shown(pilot, "A does not run")
            await pilot.press("r")
            await until_shown(pilot, "the run is being driven")
            await pilot.press("a")
            await until_shown(pilot, "only a run that passed")


async def test_applying_asks_for_the_branch(
    tmp_path: Path, clock: b.SteppingClock, given: list[Command]
) -> None:
    passed = b.write_run(tmp_path / "runs", [*b.blocked()[:16], (76, b.run_finished("PASS"))])
    async with console(passed, clock, runs_dir=passed.path.parent) as pilot:
        await until_shown(pilot, "✓ PASS 00:01:16")
        await pilot.press("a")
        await until_shown(pilot, "Apply to branch", f"factory/{b.RUN_ID}")
        await pilot.press("enter")
        await until(pilot, lambda: given)
        await until_shown(pilot, "apply: done")
    assert given[0].steps == (("apply", "--run-id", b.RUN_ID),)


async def test_retry_offers_what_makes_sense(
    tmp_path: Path, clock: b.SteppingClock, given: list[Command]
) -> None:
    blocked = b.write_run(tmp_path / "runs", b.blocked())
    async with console(blocked, clock, runs_dir=blocked.path.parent) as pilot:
        await until_shown(pilot, "C ▲")
        await pilot.press("3", "r")
        await until_shown(pilot, "Start C again", "Integrate again", "the run has its verdict")
        await pilot.press("4")  # not to be chosen
        await pilot.pause()
        assert given == []
        await pilot.press("3")
        await until(pilot, lambda: given)
    assert given[0].steps == (("integrate", "--run-id", b.RUN_ID),)
