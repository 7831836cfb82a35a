"""The console that may only look: whatever is pressed, nothing is done and nothing is kept."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from factory_engine.config.paths import APPLICATION
from factory_engine.errors import RunError
from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_engine.runs import control
from factory_tui.console.app import FactoryConsole
from factory_tui.console.control.command_lines import Command
from factory_tui.console.messages import OptionTaken
from factory_tui.console.stack import READ_ONLY
from factory_tui.console.startup import Startup, prepare_startup
from factory_tui.console.triage.problems import Option
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import P, until, until_shown
from tests.console.screens.test_triage import given
from tests.support.repositories import make_repository

__all__ = ["given"]


def startup_of(tmp_path: Path, steps: list[b.Step]) -> tuple[RunFolder, Startup]:
    """A run of a repository, and the console's entry that looks at it only."""
    root = make_repository(tmp_path / "repo", {"a.txt": "a\n"})
    run = b.write_run(root / "tools/codex/runs", steps)
    bundles.worker_bundle(run, "C")
    return run, prepare_startup(root, b.RUN_ID, None, None, (), read_only=True)


async def refused(pilot: P, *keys: str) -> None:
    """Press keys, be told that nothing can be done, and have it forgotten."""
    await pilot.press(*keys)
    await until_shown(pilot, READ_ONLY[:40])
    pilot.app.clear_notifications()
    await until(pilot, lambda: not pilot.app.screen.query("Toast"))


async def test_every_command_is_refused_in_words(
    tmp_path: Path,
    clock: b.SteppingClock,
    given: list[Command],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def end_worker(folder: RunFolder, worker_id: str) -> int:
        raise AssertionError("a worker was ended")

    monkeypatch.setattr(control, "end_worker", end_worker)
    monkeypatch.setenv("EDITOR", "false")
    run, startup = startup_of(tmp_path, b.underway())
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    app = FactoryConsole(startup, clock)
    with hold(run.work, "oneshot"):
        async with app.run_test(size=(160, 45), notifications=True) as pilot:
            await until_shown(pilot, "B ● RUNNING", "read only")
            for key in ("x", "X", "r", "a", "o", "b", "n"):
                await refused(pilot, key)
            await pilot.press("3", "enter")
            await until_shown(pilot, "[Diff")
            for key in ("x", "r", "e"):
                await refused(pilot, key)
            await pilot.press("T")
            for name in ("amend", "retry", "without", "integrate"):
                app.screen.post_message(OptionTaken(Option(name, "", "", "C_worker")))
                await refused(pilot)
    assert given == []
    left = {path: path.read_bytes() for path in run.path.rglob("*") if path in before}
    assert left == before


async def test_the_choices_of_triage_say_why_they_cannot_be_made(
    tmp_path: Path, clock: b.SteppingClock, given: list[Command]
) -> None:
    _, startup = startup_of(tmp_path, b.blocked())
    async with FactoryConsole(startup, clock).run_test(size=(160, 45), notifications=True) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED")
        await pilot.press("T")
        await until_shown(pilot, "Widen the lock of C", "read only")
        await pilot.press("2")
        await until_shown(pilot, "read only")
    assert given == []


async def test_no_setting_is_remembered(tmp_path: Path, clock: b.SteppingClock) -> None:
    _, startup = startup_of(tmp_path, b.blocked())
    app = FactoryConsole(startup, clock)
    async with app.run_test(size=(160, 45)) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED")
        app.theme = "nord"
        await pilot.pause()
        settings = platformdirs.user_config_path(APPLICATION, appauthor=False) / "console.json"
        assert not settings.exists()


def test_without_a_run_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", {"a.txt": "a\n"})
    with pytest.raises(RunError, match="no run to look at"):
        prepare_startup(root, None, None, None, (), read_only=True)
