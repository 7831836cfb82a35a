"""The run console on prepared runs, at the sizes that it is made for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_tui.console.messages import RunWanted
from factory_tui.console.screens.run import RunConsole
from factory_tui.console.widgets.card import WorkerCard
from factory_tui.console.widgets.log_pane import LedgerTail, LogPane
from factory_tui.console.widgets.worker_list import WorkerList
from tests.console import builders as b
from tests.console.looking import console, lines, shown, until, until_shown

SIZES = [(80, 24), (120, 40), (160, 45), (200, 60)]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run under way, with live logs."""
    folder = b.write_run(tmp_path / "runs", b.underway())
    for letter, heard in (("B", 760), ("D", 600)):
        text = "".join(f"{letter} says {number}\n" for number in range(100))
        log = b.artifact(folder, f"work/live/{letter}_worker/agent.log", text)
        at = (b.START_US + heard * b.SECOND) * 1000
        os.utime(log, ns=(at, at))
    return folder


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_says_how_each_worker_stands(
    run: RunFolder, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, size=size) as pilot:
            screen = await until_shown(pilot, "A ✓ PASS", "B ● RUNNING", "C ▲ BLOCKED")
            assert "D ◐ STALLED" in screen
            assert "Z ○ PENDING" in screen
            assert "pytest -q tests/api" in screen
            assert "exited with 1: out of tokens" in screen
            assert "00:12:35" in screen  # B's time
            assert "+212/-30" in screen
            assert "needs B,D (2/4 bundles)" in screen
            assert "● launch 2/4" in screen
            assert "● RUNNING 00:12:41" in screen
            assert b.RUN_ID in screen


@pytest.mark.parametrize(
    ("size", "cards", "log", "ledgers"),
    [
        ((80, 24), 0, True, 0),
        ((120, 40), 5, True, 0),
        ((160, 45), 5, False, 1),
        ((200, 60), 5, False, 1),
    ],
)
async def test_each_size_has_its_layout(
    run: RunFolder,
    clock: b.SteppingClock,
    size: tuple[int, int],
    cards: int,
    log: bool,
    ledgers: int,
) -> None:
    async with console(run, clock, size=size) as pilot:
        await until_shown(pilot, "A ✓ PASS")
        screen = pilot.app.screen
        shown_cards = [card for card in screen.query(WorkerCard) if card.region.area]
        assert len(shown_cards) == cards
        assert bool(screen.query_one(WorkerList).region.area) is (cards == 0)
        assert screen.query_one(LogPane).display is log
        assert sum(ledger.display for ledger in screen.query(LedgerTail)) == ledgers


async def test_the_log_below_is_that_of_the_chosen_worker(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock, size=(80, 24)) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("2")
        await until_shown(pilot, "B says 99", "▸ B")
        await pilot.press("j", "j")
        await until_shown(pilot, "D says 99", "▸ D")


async def test_digits_jump_and_zero_is_z(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        screen = pilot.app.screen
        assert isinstance(screen, RunConsole)
        for key, chosen in (
            ("3", "C_worker"),
            ("5", "Z_integrator"),
            ("1", "A_worker"),
            ("0", "Z_integrator"),
        ):
            await pilot.press(key)
            assert screen.chosen == chosen


async def test_a_growing_log_and_new_events_appear(run: RunFolder, clock: b.SteppingClock) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock) as pilot:
            await until_shown(pilot, "B says 99")
            log = run.live_log("B_worker", "agent")
            with log.open("ab") as file:
                file.write(b"and one more\n")
            await until_shown(pilot, "and one more")
            b.append(run, [(750, b.activity("B", "git commit"))])
            await until_shown(pilot, "git commit")


async def test_a_paused_log_is_frozen_and_counts(run: RunFolder, clock: b.SteppingClock) -> None:
    with hold(run.work, "oneshot"):
        async with console(run, clock, size=(80, 24)) as pilot:
            await until_shown(pilot, "A ✓")
            await pilot.press("2")
            await until_shown(pilot, "B says 99")
            await pilot.press("s")
            with run.live_log("B_worker", "agent").open("ab") as file:
                file.write(b"nobody sees this\n")
            await until_shown(pilot, "PAUSED, 17 B more")
            assert "nobody sees this" not in shown(pilot.app)
            await pilot.press("s")
            await until_shown(pilot, "nobody sees this", "FOLLOW")


async def test_a_worker_of_binary_garbage_harms_nothing(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    run.live_log("B_worker", "agent").write_bytes(
        bytes(range(256)) * 40 + b"\n\x1b[2J\x1b]52;c;eA==\x07\n"
    )
    async with console(run, clock, size=(80, 24)) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("2")
        screen = await until_shown(pilot, "\\x1b]52;c;eA==\\x07")
        assert "\x1b" not in screen


async def test_too_small_says_so_in_one_line_and_nothing_is_lost(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("3")
        for size in ((59, 40), (20, 3), (1, 1)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.resize_terminal(59, 20)
        await until_shown(pilot, "enlarge to 60x15")
        assert [line for line in lines(pilot.app) if line] == [
            "     enlarge to 60x15, or use: factory watch --no-tui"
        ]
        await pilot.resize_terminal(80, 24)
        await until_shown(pilot, "▸ C")
        await pilot.resize_terminal(160, 45)
        await until_shown(pilot, "▸C ▲ BLOCKED")


async def test_twenty_five_workers_are_shown(tmp_path: Path, clock: b.SteppingClock) -> None:
    everyone = "ABCDEFGHIJKLMNOPQRSTUVWXY"
    steps: list[b.Step] = [(0, b.created(everyone)), (1, b.stage("launch"))]
    steps += [(2, b.started(letter)) for letter in everyone]
    steps += [(122, b.stalled(letter)) for letter in everyone]
    folder = b.write_run(tmp_path, steps)
    with hold(folder.work, "oneshot"):
        async with console(folder, clock, size=(200, 60)) as pilot:
            await until(pilot, lambda: len(pilot.app.screen.query(WorkerCard)) == 26)
            await until_shown(pilot, "Y ◐ STALLED", "Z ○ PENDING")
            await pilot.resize_terminal(80, 24)
            await pilot.press("0")
            await until_shown(pilot, "▸ Z")


async def test_opening_a_card_shows_the_worker(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("2", "enter")
        await until_shown(pilot, "» B Guide", "[Log]")
        await pilot.press("escape")
        await until_shown(pilot, "▸B")


async def test_a_double_click_opens(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED")
        await pilot.click("#card-C_worker", times=2)
        await until_shown(pilot, "» C Command line")


async def test_a_torn_ledger_is_named_and_the_rest_is_shown(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    with run.ledger.open("ab") as file:
        file.write(b'{"not": "an event"}\n')
    async with console(run, clock) as pilot:
        await until_shown(pilot, "line 18 does not have the keys of an event")


async def test_a_run_that_has_not_begun_is_said_to_be_waited_for(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    async with console(RunFolder(tmp_path / "later"), clock) as pilot:
        await until_shown(pilot, "The run has not begun yet")
        b.write_run(tmp_path, b.underway(), "later")
        await until_shown(pilot, "A ✓ PASS", "later")


async def test_turning_to_another_run_shows_nothing_of_the_one_before(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    one = b.write_run(tmp_path, b.blocked())
    two = b.write_run(tmp_path, b.blocked(), "two")
    b.artifact(one, "A_worker/LOGS/agent.log", "from the first\n")
    b.artifact(two, "A_worker/LOGS/agent.log", "from the second\n")
    async with console(one, clock) as pilot:
        await until_shown(pilot, "A ✓ PASS", "from the first")
        pilot.app.post_message(RunWanted(two.path))
        screen = await until_shown(pilot, "from the second", "A ✓ PASS")
        assert "from the first" not in screen
        pilot.app.post_message(RunWanted(tmp_path / "three"))
        await until_shown(pilot, "The run has not begun yet")
        b.write_run(tmp_path, [(0, b.created("AXY")), (1, b.started("X"))], "three")
        screen = await until_shown(pilot, "X ⊘ STOPPED")
        assert "D ✓" not in screen


async def test_full_screen_and_back(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓", "D says 99")
        await pilot.press("2", "f")
        await until(pilot, lambda: "D says 99" not in shown(pilot.app))
        await until_shown(pilot, "▸B", "B says 62", "? Help")
        await pilot.press("escape")
        await until_shown(pilot, "D says 99")
