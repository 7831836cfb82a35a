"""Triage on the screen: evidence, choices, and the questions before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.run_folder import RunFolder
from factory_tui.console.control import command_process
from factory_tui.console.control.command_lines import Command
from factory_tui.console.open_repository import OpenRepository
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import P, console, shown, until, until_shown


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Command]:
    """The commands that the console gives; none of them is started."""
    found: list[Command] = []

    class Never:
        async def ended(self) -> command_process.CommandEnd:
            return command_process.CommandEnd(0, "done")

        def let_go(self) -> None:
            pass

    def start(command: Command, repository: OpenRepository) -> Never:
        found.append(command)
        return Never()

    monkeypatch.setattr(command_process, "start", start)
    return found


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A blocked run in its repository's runs folder, with the bundle of C."""
    folder = b.write_run(tmp_path / "runs", b.blocked())
    bundles.worker_bundle(folder)
    b.write_manifest(folder, {"C_worker": ["src/**"]})
    return folder


async def open_triage(pilot: P) -> None:
    await until_shown(pilot, "A ✓")
    await pilot.press("T")
    await until_shown(pilot, "1 problem", "SCOPE pyproject.toml")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_why_evidence_and_choices_are_on_one_screen(
    run: RunFolder, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    async with console(run, clock, size=size, runs_dir=run.path.parent) as pilot:
        await open_triage(pilot)
        await until_shown(
            pilot,
            "C_worker changed a path outside its scope lock",
            '+version = "2"',
            "1 Leave it",
            "2 Widen the lock of C",
            "3 Start C again",
            "4 Run again without C",
            "5 Integrate again",
        )


async def test_amending_asks_for_a_reason_and_writes_the_lock(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    async with console(run, clock, runs_dir=run.path.parent) as pilot:
        await open_triage(pilot)
        await pilot.press("2")
        await until_shown(pilot, "Widen the lock of C: why?")
        await pilot.press("enter")  # no reason, no deed
        assert given == []
        await pilot.press(*"build needs it", "enter")
        await until(pilot, lambda: given)
    assert given[0].steps == (
        ("integrate", "--run-id", b.RUN_ID, "--amend-scope", "build needs it", "--workers", "C"),
    )
    lock = ScopeLock.from_bytes((run.path / "C_worker/SCOPE_LOCK.json").read_bytes())
    assert lock.allowed_globs == ["src/**", "/pyproject.toml"]


async def test_starting_again_asks_and_its_default_is_no(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    async with console(run, clock, runs_dir=run.path.parent) as pilot:
        await open_triage(pilot)
        await pilot.press("3")
        await until_shown(pilot, "Start C again?", "factory launch --run-id", "--workers C")
        await pilot.press("enter")
        await until(pilot, lambda: "Start C again?" not in shown(pilot.app))
        assert given == []
        await pilot.press("3")
        await until_shown(pilot, "Start C again?")
        await pilot.press("j", "enter")
        await until(pilot, lambda: given)
    assert [step[0] for step in given[0].steps] == ["launch", "integrate"]


async def test_without_a_worker_is_a_new_run_from_the_same_base(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    async with console(run, clock, runs_dir=run.path.parent) as pilot:
        await open_triage(pilot)
        await pilot.press("4")
        await until_shown(pilot, "Run again without C?")
        await pilot.press("y")
        await until(pilot, lambda: given)
        (step,) = given[0].steps
        assert step[0] == "oneshot"
        assert step[step.index("--base-ref") + 1] == b.BASE
        assert step[step.index("--workers") + 1] == "A,B,D"
        assert step[2] != b.RUN_ID
        await until_shown(pilot, step[2])  # the console has turned to it


async def test_leaving_it_does_nothing(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    async with console(run, clock, runs_dir=run.path.parent) as pilot:
        await open_triage(pilot)
        await pilot.press("1", "enter", "enter", "escape")
        await until_shown(pilot, "A ✓")
    assert given == []


async def test_a_copied_run_can_only_be_looked_at(
    run: RunFolder, clock: b.SteppingClock, given: list[Command]
) -> None:
    async with console(run, clock) as pilot:
        await open_triage(pilot)
        await until_shown(pilot, "this run is a copy, read only")
        await pilot.press("3")
        await pilot.pause(0.1)
    assert given == []


async def test_the_diff_of_the_path_is_a_key_away(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, runs_dir=run.path.parent) as pilot:
        await open_triage(pilot)
        await pilot.press("d")
        await until_shown(pilot, "[Diff 3]", "OUT OF SCOPE")
        await pilot.press("escape")
        await until_shown(pilot, "1 problem")
