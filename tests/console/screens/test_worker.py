"""Drilling into one worker, and into Z."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_tui.console.widgets.diff_view import DiffView
from factory_tui.console.widgets.log_view import LogView
from factory_tui.console.widgets.text_view import TextView
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import P, console, shown, until, until_shown
from tests.console.patches import added, file_patch


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A blocked run with the bundle of C."""
    folder = b.write_run(tmp_path, b.blocked())
    log = "".join(f"step {number} of C\n" for number in range(500)) + "\x1b[2J\x1b]0;owned\x07\n"
    bundles.worker_bundle(folder, log=log)
    return folder


async def open_worker(pilot: P, key: str, *words: str) -> None:
    await until_shown(pilot, "A ✓")
    await pilot.press(key, "enter")
    await until_shown(pilot, *words)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_diff_marks_what_is_out_of_scope(
    run: RunFolder, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    async with console(run, clock, size=size) as pilot:
        await open_worker(pilot, "3", "[Diff 3]", "pyproject.toml", "OUT OF SCOPE")
        assert "Scope ▲1" in shown(pilot.app)


async def test_the_tree_is_beside_the_diff_where_there_is_room(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock) as pilot:
        await open_worker(pilot, "3", "▾ src/api/", "M runs.py", "A locks.py")
        await pilot.press("backslash")
        await until(pilot, lambda: "▾ src/api/" not in shown(pilot.app))


async def test_on_a_small_screen_the_tree_takes_the_place_of_the_diff(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_worker(pilot, "3", "[project]")
        await pilot.press("backslash")
        await until_shown(pilot, "▾ src/api/")
        assert "[project]" not in shown(pilot.app)
        await pilot.press("G", "enter")
        await until_shown(pilot, "src/api/runs.py", "hunk")
        assert pilot.app.screen.query_one(DiffView).place[0] == 1


async def test_hunk_and_file_jumps(run: RunFolder, clock: b.SteppingClock) -> None:
    # small enough that every jump has room below
    async with console(run, clock, size=(80, 15)) as pilot:
        await open_worker(pilot, "3", "[project]")
        diff = pilot.app.screen.query_one(DiffView)
        await until(pilot, lambda: diff.has_focus)
        places = []
        for key in (
            "right_curly_bracket",
            "right_parenthesis",
            "right_curly_bracket",
            "left_parenthesis",
        ):
            await pilot.press(key)
            places.append(diff.place)
        assert places == [(0, 0), (1, -1), (1, 0), (1, -1)]


async def test_unified_and_side_by_side(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await open_worker(pilot, "3", "│   41 +     with lock(p):")  # right half
        await pilot.press("v")
        await until_shown(pilot, "         41 +     with lock(p):")


async def test_white_space_is_marked_then_ignored(run: RunFolder, clock: b.SteppingClock) -> None:
    patch = file_patch("src/a.py", (1, 1, ["-if x:", "+if  x:", " done"]))
    bundles.worker_bundle(run, patch=patch)
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_worker(pilot, "3", "+ if  x:")
        await pilot.press("W")
        await until_shown(pilot, "+ if··x:", "white space marked")
        await pilot.press("W")
        await until_shown(pilot, "white space ignored")
        assert "- if x:" not in shown(pilot.app)


async def test_escape_leaves_the_search_first(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_worker(pilot, "3", "[project]")
        await pilot.press("slash", *"lock", "enter")
        await until_shown(pilot, "1 of ")
        await pilot.press("escape")
        await until(pilot, lambda: "1 of " not in shown(pilot.app))
        await until_shown(pilot, "» C", "[project]")
        await pilot.press("escape")
        await until(pilot, lambda: "» C" not in shown(pilot.app))


async def test_a_search_counts_and_steps(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_worker(pilot, "3", "[project]")
        await pilot.press("slash", *"lock")
        await until_shown(pilot, "1 of 2")
        await pilot.press("enter", "n")
        await until_shown(pilot, "2 of 2")
        await pilot.press("slash", "escape")
        await until(pilot, lambda: "of 2" not in shown(pilot.app))


async def test_words_are_rendered_and_never_obeyed(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, size=(100, 30)) as pilot:
        await open_worker(pilot, "3", "Diff 3")
        await pilot.press("right_square_bracket")
        screen = await until_shown(pilot, "[Summary]", "What was done", "• one")
        assert "**" not in screen
        assert "red \\x1b]0;owned\\x07" in screen
        assert "\x1b" not in screen
        view = pilot.app.screen.query_one("#tab-summary TextView", TextView)
        styles = [style for line in view._lines for _, style in line]
        assert not any(getattr(style, "link", None) for style in styles)


async def test_suggestions_handoff_checks_problems_and_events(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock, size=(120, 40)) as pilot:
        await open_worker(pilot, "3", "Diff 3")
        seen = []
        for _ in range(8):
            await pilot.press("right_square_bracket")
            await pilot.pause(0.05)
            seen.append(shown(pilot.app))
        await until_shown(pilot, "[Events]", "worker.finished", "bundle.judged")
        everything = "\n".join(seen)
        for words in (
            "Rename load.",
            "kept the API",
            "finish it",
            "no pattern lets it in",
            "let in by src/**",
            "✓ PASS     unit",
            "▲ BLOCKED  types",
            "1 required red",
            "check types exit 1",
            "2 processes were left behind",
        ):
            assert words in everything


async def test_a_check_opens_its_log(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, size=(100, 30)) as pilot:
        await open_worker(pilot, "3", "Diff 3")
        for _ in range(5):
            await pilot.press("right_square_bracket")
        await until_shown(pilot, "▲ BLOCKED  types")
        await pilot.press("G", "enter")
        await until_shown(pilot, "[Log]", "src/api/runs.py:3: error: no", "check-types")


async def test_a_path_of_the_scope_opens_its_diff(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, size=(80, 15)) as pilot:
        await open_worker(pilot, "3", "Diff 3")
        for _ in range(4):
            await pilot.press("right_square_bracket")
        await until_shown(pilot, "no pattern lets it in")
        await pilot.press("G", "enter")
        await until_shown(pilot, "[Diff 3]", "src/api/runs.py  modified")


async def test_a_log_follows_pauses_wraps_and_is_searched(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_worker(pilot, "3", "Diff 3")
        for _ in range(3):
            await pilot.press("right_square_bracket")
        await until_shown(pilot, "[Log]", "step 499 of C", "\\x1b[2J", "FOLLOW")
        await pilot.press("k", "k")
        await until_shown(pilot, "PAUSED")
        log = run.path / "C_worker/LOGS/agent.log"
        with log.open("ab") as file:
            file.write(b"late\n" * 3)
        await until_shown(pilot, "+3 new")
        assert "late" not in shown(pilot.app).replace("+3 new", "")
        await pilot.press("G")
        await until_shown(pilot, "late", "FOLLOW")
        await pilot.press("slash", *"step 25", "enter")
        await until_shown(pilot, "1 of 11", "step 25 of C")
        with log.open("ab") as file:
            file.write(b"A" * 200 + b"\n")
        await pilot.press("w", "G")
        await until_shown(pilot, "A" * 78 + "\n", "wrap")


async def test_times_of_a_log_come_from_the_ledger_and_from_watching(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.underway())
    log = b.artifact(folder, "work/live/B_worker/agent.log", "before\npytest -q tests/api\n")
    with hold(folder.work, "oneshot"):
        async with console(folder, clock, size=(80, 24)) as pilot:
            await until_shown(pilot, "A ✓")
            await pilot.press("2", "enter")
            await until_shown(pilot, "[Log]", "pytest -q")
            await pilot.press("t")
            await until_shown(pilot, "14:25:40 pytest -q tests/api", "times")
            with log.open("ab") as file:
                file.write(b"fresh\n")
            await until_shown(pilot, "14:26:01 fresh")
            assert "         before" in shown(pilot.app)


async def test_a_running_worker_shows_its_log_and_says_when_the_diff_comes(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.underway())
    b.artifact(folder, "work/live/B_worker/agent.log", "live line\n")
    with hold(folder.work, "oneshot"):
        async with console(folder, clock, size=(80, 24)) as pilot:
            await until_shown(pilot, "A ✓")
            await pilot.press("2", "enter")
            await until_shown(pilot, "[Log]", "live line")
            for _ in range(3):
                await pilot.press("left_square_bracket")
            await until_shown(pilot, "[Diff]", "collected when B has ended")


async def test_z_says_whose_each_hunk_is(run: RunFolder, clock: b.SteppingClock) -> None:
    shared = "CHANGELOG.md"
    of_a, of_b = (3, 3, [" x", "+from a", " y"]), (50, 51, [" p", "-q", "+from b", " r"])
    bundles.worker_bundle(run, "A", file_patch(shared, of_a))
    bundles.worker_bundle(run, "B", file_patch(shared, (50, 50, of_b[2])))
    merged = file_patch(shared, of_a, of_b) + added("src/new.py", ["x"])
    owners = {shared: ["A_worker", "B_worker"], "src/new.py": ["B_worker"]}
    bundles.integrator_bundle(run, merged, owners)
    async with console(run, clock, size=(120, 40)) as pilot:
        await open_worker(pilot, "0", "[Diff 2]", "[A] def near", "[B] def near")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "[Plan]", "2 B_worker")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "[Report]", "STATUS: PASS")


async def test_a_bundle_of_rubbish_says_what_cannot_be_read(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    for name in ("DIFF.patch", "STATUS.json", "SCOPE_LOCK.json", "HANDOFF_NOTE.json"):
        b.artifact(run, f"C_worker/{name}", b"\xff\x00rubbish\x1b[2J\n")
    async with console(run, clock, size=(120, 40)) as pilot:
        await open_worker(pilot, "3", "is no patch that git writes")
        for _ in range(7):
            await pilot.press("right_square_bracket")
        screen = await until_shown(pilot, "[Problems]", "unread   STATUS.json")
        assert "\x1b" not in screen


async def test_a_big_diff_draws_only_what_is_seen(run: RunFolder, clock: b.SteppingClock) -> None:
    lines = [f"value_{number} = {number}" for number in range(200_000)]
    bundles.worker_bundle(run, patch=added("src/big.py", lines))
    async with console(run, clock, size=(120, 40)) as pilot:
        await open_worker(pilot, "3", "value_10 = 10")
        await pilot.press("end")
        await until_shown(pilot, "value_199999 = 199999")
        painter = pilot.app.screen.query_one(DiffView)._painter
        assert len(painter._blocks) < 20


async def test_the_log_view_keeps_no_text(run: RunFolder, clock: b.SteppingClock) -> None:
    (run.path / "C_worker/LOGS/agent.log").write_bytes(b"a line of some length\n" * 500_000)
    async with console(run, clock, size=(80, 24)) as pilot:
        await open_worker(pilot, "3", "Diff 3")
        for _ in range(3):
            await pilot.press("right_square_bracket")
        await until_shown(pilot, "500,000 lines", "a line of some length")
        index = pilot.app.screen.query_one(LogView).index
        assert index is not None
        assert sum(len(lines) for lines in index._kept.values()) < 50_000
