"""The launch form: live preflight, scope map, the command line, and the run that it starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory_engine.config.tasks import ScopeConfig, WorkerConfig
from factory_tui.console.control import command_process
from factory_tui.console.control.command_lines import Command
from factory_tui.console.launch.scope_map import map_rows, overlaps
from factory_tui.console.screens.launch import LaunchScreen
from tests.console import builders as b
from tests.console.looking import P, console, shown, until, until_shown
from tests.console.screens.test_triage import given
from tests.support.repositories import make_repository

__all__ = ["given"]

CONFIG = {
    "workers": {
        "A": {"title": "HTTP layer", "command": ["python3"], "scope": {"allow": ["src/**"]}},
        "B": {
            "title": "Guide",
            "command": ["python3"],
            "scope": {"allow": ["docs/**", "src/b/**"]},
        },
    }
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two workers whose scopes meet."""
    files = {
        "src/a/one.py": "1\n",
        "src/b/two.py": "2\n",
        "docs/guide.md": "g\n",
        "tools/codex/factory/factory.config.json": json.dumps(CONFIG),
    }
    return make_repository(tmp_path / "repo", files)


async def open_form(pilot: P) -> LaunchScreen:
    await until_shown(pilot, "There is no run yet")
    await pilot.press("n")
    await until_shown(pilot, "New run   ready")
    screen = pilot.app.screen
    assert isinstance(screen, LaunchScreen)
    return screen


@pytest.mark.parametrize("size", [(100, 40), (160, 45)])
async def test_the_form_shows_workers_preflight_map_and_command(
    root: Path, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    async with console(
        None, clock, size=size, start=root, runs_dir=root / "tools/codex/runs"
    ) as pilot:
        await open_form(pilot)
        await until_shown(
            pilot,
            "[x] A  HTTP layer",
            "[x] B  Guide",
            "✓ git:",
            "$ factory oneshot --base-ref HEAD",
        )
        await pilot.press("shift+tab")
        screen = pilot.app.screen
        text = screen.query_one("#facts").text  # type: ignore[attr-defined]
        assert "A,B may all change 1 path that they do not share" in text
        assert "src/b/two.py" in text


async def test_leaving_a_worker_out_changes_the_command_and_the_map(
    root: Path, clock: b.SteppingClock
) -> None:
    async with console(None, clock, start=root, runs_dir=root / "tools/codex/runs") as pilot:
        await open_form(pilot)
        await pilot.press("tab", "space")
        await until_shown(pilot, "[ ] A", "$ factory oneshot --base-ref HEAD --workers B")
        await until_shown(pilot, "no path of base is in two scopes")
        await pilot.press("j", "space")
        await until_shown(pilot, "1 in the way", "no worker with a task takes part")


async def test_a_wrong_base_stands_in_the_way(root: Path, clock: b.SteppingClock) -> None:
    async with console(None, clock, start=root, runs_dir=root / "tools/codex/runs") as pilot:
        await open_form(pilot)
        await pilot.press("end", *"no-such-branch")
        await until_shown(pilot, "1 in the way", "names no commit")
        await pilot.press("f5")
        await until_shown(pilot, "something stands in the way")


async def test_settings_that_differ_are_part_of_the_command(
    root: Path, clock: b.SteppingClock
) -> None:
    async with console(None, clock, start=root, runs_dir=root / "tools/codex/runs") as pilot:
        await open_form(pilot)
        await pilot.press("tab", "tab", "backspace", "2")
        await until_shown(pilot, "--set run.max_parallel=2")
        await pilot.press("backspace", "x")
        await until_shown(pilot, "1 in the way", "max_parallel")


async def test_launching_starts_the_command_and_turns_to_the_run(
    root: Path, clock: b.SteppingClock, given: list[Command]
) -> None:
    async with console(None, clock, start=root, runs_dir=root / "tools/codex/runs") as pilot:
        await open_form(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: given)
        (step,) = given[0].steps
        assert step[0] == "oneshot"
        await until_shown(pilot, step[2])
        assert "New run" not in shown(pilot.app)


async def test_a_dry_run_for_real_from_the_form_to_the_verdict(
    root: Path, clock: b.SteppingClock
) -> None:
    async with console(None, clock, start=root, runs_dir=root / "tools/codex/runs") as pilot:
        await open_form(pilot)
        await pilot.press("tab", "tab", "tab", "tab", "space")
        await until_shown(pilot, "[x] Dry run", "--dry-run")
        await pilot.press("f5")
        await until_shown(pilot, "✓ PASS", "A ✓ PASS", "dry run")
        assert command_process.start is not None


def scope(*allow: str, shared: tuple[str, ...] = (), block: tuple[str, ...] = ()) -> WorkerConfig:
    return WorkerConfig(
        scope=ScopeConfig(allow=list(allow), shared=list(shared), block=list(block))
    )


def test_the_map_has_a_row_for_each_pattern() -> None:
    workers = {"A_worker": scope("src/**"), "B_worker": scope("docs/**", block=("src/**",))}
    assert [(row.pattern, dict(row.marks)) for row in map_rows(workers)] == [
        ("src/**", {"A_worker": "x", "B_worker": "!"}),
        ("docs/**", {"B_worker": "x"}),
    ]


def test_paths_that_all_of_them_share_are_no_overlap() -> None:
    workers = {
        "A_worker": scope("src/**", shared=("CHANGELOG.md",)),
        "B_worker": scope("src/b/**", shared=("CHANGELOG.md",)),
    }
    (meeting,) = overlaps(workers, ["CHANGELOG.md", "src/a.py", "src/b/x.py"])
    assert (meeting.letters, meeting.paths) == ("A,B", ("src/b/x.py",))
