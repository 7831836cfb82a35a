"""The run browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.run_lock import hold
from factory_tui.console.run.run_list import RunList, RunRow, matching
from tests.console import builders as b
from tests.console.looking import console, lines, shown, until, until_shown

LATER = "oneshot_20260921T150000Z_ab12cd34_001"


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """A blocked run and a later one that is under way."""
    folder = tmp_path / "runs"
    b.write_run(folder, b.blocked())
    b.write_run(folder, b.underway(), LATER)
    return folder


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_all_runs_newest_first_with_how_they_stand(
    runs_dir: Path, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    async with console(None, clock, size=size, runs_dir=runs_dir) as pilot:
        await until_shown(pilot, "2 runs", "▲ BLOCKED", "⊘ STOPPED", "C▲")
        rows = [line for line in lines(pilot.app) if "oneshot_2026" in line]
        assert LATER in rows[0]
        assert "C▲" in rows[1] or "C▲" in rows[2]


async def test_a_live_run_shows_its_driver_and_its_workers(
    runs_dir: Path, clock: b.SteppingClock
) -> None:
    with hold(runs_dir / LATER / "work", "oneshot"):
        async with console(None, clock, runs_dir=runs_dir) as pilot:
            await until_shown(pilot, "1 live", "● RUNNING", "live, pid", "A✓", "B●", "C▲")


async def test_a_filter_leaves_what_matches(runs_dir: Path, clock: b.SteppingClock) -> None:
    async with console(None, clock, runs_dir=runs_dir) as pilot:
        await until_shown(pilot, "▲ BLOCKED", "⊘ STOPPED")
        await pilot.press("slash", *"blocked")
        await until_shown(pilot, "1 of 2")
        assert "⊘ STOPPED" not in shown(pilot.app)
        await pilot.press("escape")
        await until_shown(pilot, "⊘ STOPPED")


async def test_the_preview_tells_the_story(runs_dir: Path, clock: b.SteppingClock) -> None:
    async with console(None, clock, runs_dir=runs_dir) as pilot:
        await until_shown(pilot, "▲ BLOCKED", "⊘ STOPPED")
        await pilot.press("j")
        await until_shown(pilot, "What blocks", "is not in the scope of C_worker", "took 00:01:16")


async def test_enter_opens_a_run_and_escape_comes_back(
    runs_dir: Path, clock: b.SteppingClock
) -> None:
    async with console(None, clock, size=(80, 24), runs_dir=runs_dir) as pilot:
        await until_shown(pilot, "▲ BLOCKED", "⊘ STOPPED")
        await pilot.press("j", "enter")
        await until_shown(pilot, "▸ A ✓ PASS", "▲ BLOCKED 00:01:16")
        await pilot.press("escape")
        await until_shown(pilot, "2 runs")
        await pilot.press("k", "enter")
        await until_shown(pilot, LATER, "⊘ STOPPED 00:12:20")


async def test_a_run_that_begins_appears(runs_dir: Path, clock: b.SteppingClock) -> None:
    async with console(None, clock, runs_dir=runs_dir) as pilot:
        await until_shown(pilot, "2 runs")
        b.write_run(runs_dir, b.underway(), "pinned-by-hand")
        await until_shown(pilot, "3 runs", "pinned-by-hand")


async def test_an_empty_repository_says_what_to_do(tmp_path: Path, clock: b.SteppingClock) -> None:
    async with console(None, clock, size=(100, 30), runs_dir=tmp_path) as pilot:
        await until_shown(pilot, "There is no run yet")


async def test_a_broken_ledger_is_a_row_and_no_crash(
    runs_dir: Path, clock: b.SteppingClock
) -> None:
    (runs_dir / LATER / "LEDGER.jsonl").write_bytes(b"rubbish\n")
    async with console(None, clock, runs_dir=runs_dir) as pilot:
        await until(pilot, lambda: "✗ FAIL" in shown(pilot.app))


def test_what_was_read_is_read_again_only_when_it_changed(runs_dir: Path) -> None:
    runs = RunList(runs_dir)
    first = runs.read(b.RUN_ID)
    assert runs.read(b.RUN_ID) is first
    assert runs.names()[1] is first
    ledger = runs_dir / b.RUN_ID / "LEDGER.jsonl"
    with ledger.open("ab") as file:
        file.write(b"torn")
    assert runs.read(b.RUN_ID) is not first


@pytest.mark.parametrize(("text", "found"), [("", 2), ("a", 1), ("!a", 1), ("a b", 0), ("!", 0)])
def test_matching(text: str, found: int) -> None:
    assert len(list(matching([RunRow("xa"), RunRow("xb")], text))) == found
