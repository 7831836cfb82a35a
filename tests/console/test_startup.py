"""What the console opens, and with which settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory_engine.errors import RepositoryError, RunError, UsageError
from factory_engine.run_lock import hold
from factory_tui.console.keymap import keymap_of
from factory_tui.console.run.view import RunView
from factory_tui.console.startup import exit_code, prepare_startup
from tests.console import builders as b
from tests.support.repositories import make_repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two runs."""
    root = make_repository(tmp_path / "repo", {"a.txt": "a\n"})
    b.write_run(root / "tools/codex/runs", b.blocked())
    b.write_run(root / "tools/codex/runs", b.underway(), "later")
    return root


def test_without_a_live_run_the_list_is_opened(root: Path) -> None:
    assert prepare_startup(root / ".", None, None, None, ()).folder is None


def test_the_live_run_is_opened(root: Path) -> None:
    live = root / "tools/codex/runs/later"
    with hold(live / "work", "oneshot"):
        folder = prepare_startup(root, None, None, None, ()).folder
    assert folder is not None
    assert folder.path == live


def test_a_named_run_is_opened_and_belongs_to_the_place(root: Path) -> None:
    startup = prepare_startup(root, b.RUN_ID, None, None, ())
    assert startup.folder is not None
    assert startup.repository.holds(startup.folder.path)


def test_a_copied_folder_needs_no_repository(tmp_path: Path) -> None:
    copy = b.write_run(tmp_path / "copies", b.blocked())
    startup = prepare_startup(tmp_path, None, copy.path, None, ())
    assert startup.folder == copy
    assert not startup.repository.holds(copy.path)


def test_what_cannot_be_opened_is_said_before_the_screen_is_taken(
    root: Path, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="no such run"):
        prepare_startup(root, "unknown", None, None, ())
    with pytest.raises(RunError, match="no run in this folder"):
        prepare_startup(root, None, tmp_path, None, ())
    with pytest.raises(RepositoryError, match="no git repository"):
        prepare_startup(tmp_path, None, None, None, ())
    with pytest.raises(UsageError):
        prepare_startup(root, "..", None, None, ())


def test_the_keymap_comes_from_the_configuration(root: Path) -> None:
    file = root / "tools/codex/factory/factory.config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"keymap": {"retry": "f7"}}))
    startup = prepare_startup(root, None, None, None, ())
    assert keymap_of(root, startup.repository) == ({"retry": "f7"}, "")
    startup = prepare_startup(root, None, None, None, ("keymap.retry=f8",))
    assert keymap_of(root, startup.repository) == ({"retry": "f8"}, "")


def test_a_mistake_in_the_configuration_is_a_remark(root: Path) -> None:
    startup = prepare_startup(root, None, None, None, ("run.max_paralel=3",))
    keymap, remark = keymap_of(root, startup.repository)
    assert keymap == {}
    assert "max_paralel" in remark


def test_nothing_opened_ends_with_zero() -> None:
    assert exit_code(RunView()) == 0
