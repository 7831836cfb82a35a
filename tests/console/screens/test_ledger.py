"""The ledger as a timeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from tests.console import builders as b
from tests.console.looking import P, console, lines, shown, until, until_shown


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A blocked run."""
    return b.write_run(tmp_path, b.blocked())


async def open_ledger(pilot: P) -> None:
    await until_shown(pilot, "A ✓")
    await pilot.press("L")
    await until_shown(pilot, "run.finished")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_events_with_number_time_actor_type_and_detail(
    run: RunFolder, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    async with console(run, clock, size=size) as pilot:
        await open_ledger(pilot)
        screen = await until_shown(pilot, "24 events", "FOLLOW")
        (row,) = [line for line in lines(pilot.app) if " C  ▲ bundle.judged" in line]
        assert row.split()[:2] == ["17", "00:01:12.000"]
        assert "SCOPE C_worker" in row
        assert '"seq": 24' in screen


async def test_a_filter_says_what_it_hides(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await open_ledger(pilot)
        await pilot.press("slash", *"worker=C !type=worker.*")
        screen = await until_shown(pilot, "1 of 24", "filter worker=C !type=worker.*")
        assert "▸    17" in screen
        await pilot.press("escape")
        await until_shown(pilot, "run.created")


async def test_new_events_are_followed_until_the_cursor_leaves_the_end(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_ledger(pilot)
        b.append(run, [(90, b.stage("integrate"))])
        await until_shown(pilot, "▸    25")
        await pilot.press("k")
        await until_shown(pilot, "PAUSED", "▸    24")
        b.append(run, [(91, b.stage("integrate", "PASS"))])
        await until_shown(pilot, "26 events", "▸    24")
        await pilot.press("s")
        await until_shown(pilot, "▸    26", "FOLLOW")


async def test_deltas_count_from_a_mark(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await open_ledger(pilot)
        await pilot.press("home", "space", "end")
        await until(pilot, lambda: "+1m16s" in shown(pilot.app))
        assert "*     1" in shown(pilot.app)


async def test_lanes_show_who_worked_when(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await open_ledger(pilot)
        screen = await until_shown(pilot, "1 cell = 1.0s")
        (lane,) = [line for line in screen.split("\n") if line.startswith(" C .")]
        assert lane.strip().strip(".").startswith("C .....━━")
        assert "▲" in lane
        await pilot.press("w")
        await until(pilot, lambda: "1 cell" not in shown(pilot.app))


async def test_verifying_tells_a_sound_ledger_from_an_edited_one(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.underway())
    async with console(folder, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("L", "V")
        await until_shown(pilot, "chain and files ok (17 events")
        folder.ledger.write_bytes(
            folder.ledger.read_bytes().replace(b"docs/guide.md", b"docs/giude.md")
        )
        await pilot.press("V")
        await until_shown(pilot, "BROKEN", "hash differs")


async def test_the_ledger_of_a_live_run_grows_on_the_screen(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.underway())
    with hold(folder.work, "oneshot"):
        async with console(folder, clock, size=(80, 24)) as pilot:
            await until_shown(pilot, "A ✓")
            await pilot.press("L")
            await until_shown(pilot, "pytest -q tests/api")
            b.append(folder, [(750, b.activity("D", "second wind"))])
            await until_shown(pilot, "second wind")
