"""What is the same on all screens: keys, help, palette, copying, signs, themes, mouse."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from factory_engine.errors import UsageError
from factory_engine.run_folder import RunFolder
from factory_tui.console import editor
from factory_tui.console.look import preferences
from factory_tui.console.look.preferences import Preferences
from tests.console import builders as b
from tests.console import bundles
from tests.console.looking import console, lines, shown, until, until_shown


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A blocked run with the bundle of C."""
    folder = b.write_run(tmp_path, b.blocked())
    bundles.worker_bundle(folder)
    return folder


def keys(root: Path, **keymap: object) -> Path:
    """A repository whose configuration has that keymap."""
    file = root / "tools/codex/factory/factory.config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"keymap": keymap}))
    return root


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_last_line_names_keys_and_ends_with_help_and_quit(
    run: RunFolder, clock: b.SteppingClock, size: tuple[int, int]
) -> None:
    async with console(run, clock, size=size) as pilot:
        await until_shown(pilot, "A ✓")
        bar = lines(pilot.app)[-1]
        assert len(bar) <= size[0]
        assert "enter Open" in bar
        assert bar.endswith("? Help  q Quit")


async def test_a_click_on_a_key_does_what_it_does(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        at = lines(pilot.app)[-1].index("L Ledger")
        await pilot.click(offset=(at + 2, 44))
        await until_shown(pilot, "» Ledger")


async def test_help_shows_the_live_bindings(
    run: RunFolder, clock: b.SteppingClock, tmp_path: Path
) -> None:
    async with console(run, clock, root=keys(tmp_path, retry="f7")) as pilot:
        await until_shown(pilot, "A ✓", "f7 Retry")
        await pilot.press("question_mark")
        screen = await until_shown(pilot, "keys that work now", "Cancel run")
        (row,) = [line for line in screen.split("\n") if " retry" in line]
        assert "f7" in row
        assert "Retry" in row
        await pilot.press("escape")
        await until(pilot, lambda: "keys that work now" not in shown(pilot.app))


async def test_a_keymap_of_the_users_own_replaces_keys(
    run: RunFolder, clock: b.SteppingClock, tmp_path: Path
) -> None:
    async with console(run, clock, root=keys(tmp_path, ledger="f9")) as pilot:
        await until_shown(pilot, "A ✓", "f9 Ledger")
        await pilot.press("L")
        await pilot.pause()
        assert "» Ledger" not in shown(pilot.app)
        await pilot.press("f9")
        await until_shown(pilot, "» Ledger")


async def test_the_palette_does_what_keys_do(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        await pilot.press("colon")
        await pilot.pause(0.2)
        await pilot.press(*"triage")
        await until_shown(pilot, "key T")
        await pilot.press("enter")
        await until_shown(pilot, "1 problem")


async def test_the_copy_menu_copies_and_writes(
    run: RunFolder, clock: b.SteppingClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with console(run, clock) as pilot:
        await until_shown(pilot, "C ▲")
        await pilot.press("3", "enter")
        await until_shown(pilot, "[Diff 3]")
        await pilot.press("y")
        await until_shown(pilot, "whole patch of C_worker")
        await pilot.press("j", "enter")
        await until_shown(pilot, "copied: path")
        assert pilot.app.clipboard == "pyproject.toml"
        await pilot.press("y")
        await until_shown(pilot, "whole patch of C_worker")
        await pilot.press("G", "w")
        await until_shown(pilot, "whole patch of C_worker is in")


async def test_text_is_selected_with_the_mouse(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock, size=(100, 30)) as pilot:
        await until_shown(pilot, "C ▲")
        await pilot.press("3", "enter")
        await until_shown(pilot, "[Diff 3]")
        for _ in range(3):
            await pilot.press("right_square_bracket")
        await until_shown(pilot, "[Log]", "said")
        row = next(n for n, line in enumerate(lines(pilot.app)) if line.strip() == "said")
        await pilot.mouse_down(offset=(1, row))
        await pilot.hover(offset=(5, row))
        await pilot.mouse_up(offset=(5, row))
        await until(pilot, lambda: pilot.app.screen.get_selected_text())
        assert pilot.app.screen.get_selected_text() in ("said", "sai")


async def test_ascii_signs_are_all_that_is_shown(
    run: RunFolder, clock: b.SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACTORY_ASCII", "1")
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A v PASS", "C ! BLOCKED")
        for key in ("L", "T", "3", "escape", "escape", "3", "enter"):
            assert shown(pilot.app).isascii(), shown(pilot.app)
            await pilot.press(key)
            await pilot.pause(0.1)
        await until_shown(pilot, "[Diff 3]", "! M")
        assert shown(pilot.app).isascii(), shown(pilot.app)


async def test_without_colours_a_blocked_worker_is_still_told_apart(
    run: RunFolder, clock: b.SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(run, clock) as pilot:
        await until_shown(pilot, "C ▲ BLOCKED")
        card = pilot.app.screen.query_one("#card-C_worker")
        styles = [segment.style for segment in card.render_line(0) if "BLOCKED" in segment.text]
        assert styles[0] is not None
        assert styles[0].reverse


async def test_every_theme_can_be_worn(run: RunFolder, clock: b.SteppingClock) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        assert {"factory-cb", "factory-hc"} <= set(pilot.app.available_themes)
        for name in pilot.app.available_themes:
            pilot.app.theme = name
            await pilot.pause()
            await until_shown(pilot, "C ▲ BLOCKED")


async def test_a_chosen_theme_is_remembered(
    run: RunFolder, clock: b.SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTUAL_THEME")
    async with console(run, clock) as pilot:
        await until_shown(pilot, "A ✓")
        pilot.app.theme = "factory-cb"
        await until(pilot, lambda: preferences.load() == Preferences("factory-cb", False))
    async with console(run, clock, chosen=preferences.load()) as pilot:
        await until_shown(pilot, "A ✓")
        assert pilot.app.theme == "factory-cb"


def test_a_preferences_file_of_rubbish_is_no_trouble(home: Path) -> None:
    preferences.save(Preferences("nord", True))
    assert preferences.load() == Preferences("nord", True)
    file = next(home.rglob("console.json"))
    for rubbish in (b"\xff", b"[]", b'{"theme": 5, "ascii": "yes"}'):
        file.write_bytes(rubbish)
        assert preferences.load() == Preferences()


async def test_a_mistake_in_the_configuration_is_said_and_keeps_nobody_out(
    run: RunFolder, clock: b.SteppingClock, tmp_path: Path
) -> None:
    async with console(run, clock, root=keys(tmp_path, retry=7)) as pilot:
        await until_shown(pilot, "A ✓", "keymap.retry")


async def test_where_no_editor_can_be_shown_the_file_is_named(
    run: RunFolder, clock: b.SteppingClock
) -> None:
    async with console(run, clock) as pilot:
        await until_shown(pilot, "C ▲")
        await pilot.press("3", "enter")
        await until_shown(pilot, "[Diff 3]")
        await pilot.press("e")
        await until(pilot, lambda: pilot.app._notifications)
        (note,) = pilot.app._notifications
        assert note.message.startswith("no editor can be shown here")
        assert note.message.endswith("C_worker/DIFF.patch")


def test_the_editor_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert editor.editor({"EDITOR": "ed -s", "PAGER": "less"}) == ["ed", "-s"]
    assert editor.editor({}) == ["less"]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match="there is no editor"):
        editor.editor({"EDITOR": "ed"})


async def test_a_change_of_state_is_notified_and_history_is_not(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.underway())
    async with console(folder, clock) as pilot:
        await until_shown(pilot, "A ✓")
        assert "out of tokens" in shown(pilot.app)
        assert not pilot.app._notifications
        b.append(folder, [(762, b.finished("B", "BLOCKED", "check unit exit 1"))])
        await until(pilot, lambda: len(pilot.app._notifications) == 1)
        (note,) = pilot.app._notifications
        assert (note.title, note.message) == ("B BLOCKED", "check unit exit 1")


@pytest.mark.parametrize(
    "keys_typed",
    ["XyXn", "LVq", "Tqb", "LqTqL", "bnq", "?q", "yqy", "3enterq", "T3yT", ":qq", "rnry"],
)
async def test_keys_typed_ahead_take_nothing_down(
    tmp_path: Path, clock: b.SteppingClock, keys_typed: str
) -> None:
    folder = b.write_run(tmp_path / "runs", b.blocked())
    async with console(folder, clock, runs_dir=folder.path.parent) as pilot:
        await until_shown(pilot, "C ▲")
        for _ in range(3):
            for key in keys_typed.replace("enter", "\n"):
                pilot.app.simulate_key(
                    {"\n": "enter", "?": "question_mark", ":": "colon"}.get(key, key)
                )
            await pilot.pause(0.05)
        assert pilot.app._exception is None
