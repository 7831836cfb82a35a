"""Any keys, in any order and at any size of the terminal, never take the console down."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest

from factory_engine.run_lock import hold
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import console
from tests.console.screens.test_triage import given

__all__ = ["given"]

NAMED = (
    *("slash", "up", "down", "enter", "enter", "escape", "right_square_bracket", "backslash"),
    *("left_square_bracket", "comma", "full_stop", "right_curly_bracket", "left_curly_bracket"),
    *("right_parenthesis", "left_parenthesis", "home", "end", "pageup", "pagedown", "space"),
    *("question_mark", "colon", "tab", "shift+tab"),
)
KEYS = (*NAMED, *"xrsLXTfbajk123450qnNvWwtgGdVyclhR6zé")
SIZES = ((80, 24), (120, 40), (160, 45), (200, 60), (61, 16), (10, 5), (1, 1))


async def press_at_random(folder: Path, clock: b.SteppingClock, seed: int, number: int) -> None:
    """Press `number` keys on a run, sometimes faster than they can be followed."""
    chance = random.Random(seed)
    run = b.write_run(folder / "runs", b.blocked() if seed % 2 else b.underway())
    b.write_run(folder / "runs", b.underway(), "other")
    for letter in "AC":
        bundles.worker_bundle(run, letter)
    b.write_manifest(run, {"C_worker": ["src/**"]})
    b.artifact(run, "work/live/B_worker/agent.log", "hello\n" * 100)
    driven = hold(run.work, "oneshot") if seed % 3 == 0 else contextlib.nullcontext()
    pressed: list[str] = []
    with driven:
        async with console(run, clock, runs_dir=folder / "runs", start=folder) as pilot:
            await pilot.pause(0.2)
            for _ in range(number):
                if chance.random() < 0.04:
                    await pilot.resize_terminal(*chance.choice(SIZES))
                pressed.append(chance.choice(KEYS))
                pilot.app.simulate_key(pressed[-1])
                if chance.random() < 0.5:
                    await pilot.pause(chance.random() * 0.04)
                assert pilot.app._exception is None, (seed, pressed)
                if not pilot.app.is_running or pilot.app.return_value is not None:
                    return


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("seed", range(4))
async def test_some_random_keys(tmp_path: Path, clock: b.SteppingClock, seed: int) -> None:
    await press_at_random(tmp_path, clock, seed, 60)


@pytest.mark.soak
@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("seed", range(100, 200))
async def test_many_random_keys(tmp_path: Path, clock: b.SteppingClock, seed: int) -> None:
    await press_at_random(tmp_path, clock, seed, 300)
