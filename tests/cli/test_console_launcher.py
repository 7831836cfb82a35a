"""When the console opens, and that nothing else of the command line loads it."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from factory_tui.cli import console_launcher
from tests.cli.shell import Shell

Calls = list[dict[str, Any]]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """A terminal, and a stand-in for the console that notes what it is called with."""
    calls: Calls = []

    def run_console(**arguments: Any) -> int:
        calls.append(arguments)
        return 42

    module = ModuleType(console_launcher.CONSOLE)
    module.run_console = run_console  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, console_launcher.CONSOLE, module)
    monkeypatch.setattr(console_launcher, "_exists", lambda: True)
    monkeypatch.setattr(console_launcher, "is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "xterm")
    return calls


def test_without_a_command_the_console_opens_on_a_terminal(shell: Shell, console: Calls) -> None:
    answer = shell("--set", "run.max_parallel=2", "--config", "x.json")
    assert answer.code == 42
    assert console == [
        {
            "start": shell.folder.resolve(),
            "run_id": None,
            "folder": None,
            "config_file": shell.folder / "x.json",
            "overrides": ["run.max_parallel=2"],
            "read_only": False,
        }
    ]


def test_watch_opens_it_on_the_run(reader: Shell, console: Calls) -> None:
    assert reader("watch", "--run-id", "good").code == 42
    assert (console[0]["run_id"], console[0]["folder"]) == ("good", reader.run_folder("good"))


def test_watch_can_be_told_only_to_look(reader: Shell, console: Calls) -> None:
    for argv, expected in (((), False), (("--read-only",), True)):
        assert reader("watch", "--run-id", "good", *argv).code == 42
        assert console[-1]["read_only"] is expected


def test_a_key_does_not_wait_for_a_slow_frame(
    shell: Shell, console: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEXTUAL_FPS", raising=False)
    assert shell().code == 42
    script = "import textual.screen; print(textual.screen.UPDATE_PERIOD)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert float(told.stdout) <= 1 / 200


def test_a_copied_folder_opens_in_it(reader: Shell, console: Calls) -> None:
    folder = reader.run_folder("good")
    assert reader.bare("--dir", str(folder)).code == 42
    assert console[0]["folder"] == folder


@pytest.mark.parametrize(
    ("argv", "environment"),
    [
        (["--no-tui"], {}),
        (["--json"], {}),
        ([], {"CI": "true"}),
        ([], {"TERM": "dumb"}),
    ],
)
def test_it_does_not_open_where_nobody_could_use_it(
    reader: Shell,
    console: Calls,
    monkeypatch: pytest.MonkeyPatch,
    argv: list[str],
    environment: dict[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert reader("watch", "--run-id", "good", *argv).code == 0
    assert console == []


def test_it_does_not_open_without_a_terminal(
    reader: Shell, console: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_launcher, "is_terminal", lambda stream: stream is not sys.stdin)
    assert reader.bare().out.startswith("usage: ")
    assert console == []


def test_asking_for_it_where_it_cannot_open_is_a_usage_error(reader: Shell) -> None:
    answer = reader("watch", "--tui")
    assert answer.code == 64
    assert "the console cannot be opened: standard input is no terminal" in answer.error


def test_no_colours_reach_the_console_too(
    shell: Shell, console: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    shell("--no-color")
    assert os.environ["NO_COLOR"] == "1"


def test_the_real_console_has_the_entry_that_is_called() -> None:
    app = pytest.importorskip(console_launcher.CONSOLE)
    parameters = inspect.signature(app.run_console).parameters
    expected = {"start", "run_id", "folder", "config_file", "overrides", "read_only"}
    assert set(parameters) == expected
    assert Path(app.__file__).name == "app.py"
