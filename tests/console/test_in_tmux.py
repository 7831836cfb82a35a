"""The console for real: in a terminal, on a run of real programs, driven by keys."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_engine.run_holder import holder_of
from factory_engine.runs.listing import newest_run
from tests.support.factory_runs import program
from tests.support.repositories import make_repository

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")

PATIENCE_S = 60.0
WAITS = "import time\nfor n in range(600):\n    print('step', n, flush=True)\n    time.sleep(0.1)\n"
WRITES = "Path('src/a.txt').write_text('changed\\n')\nprint('written', flush=True)"


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self._tmux = ["tmux", "-S", str(folder / "socket"), "-f", os.devnull]
        size = ("-x", str(width), "-y", str(height))
        self.call("new-session", "-d", *size, "-s", "w", "sh")
        self.call("set-option", "-g", "remain-on-exit", "on")

    def call(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def run(self, *argv: str, cwd: Path) -> None:
        """Type a command line."""
        self.keys(f"cd {shlex.quote(str(cwd))} && {shlex.join(argv)}; echo ended $?", "Enter")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.call("send-keys", "-t", "w", key)

    def screen(self) -> str:
        return self.call("capture-pane", "-p", "-t", "w")

    def wait_for(self, *words: str) -> str:
        """The screen, once all of `words` are on it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"{words} did not come; the screen:\n{self.screen()}")

    def keys_until(self, key: str, *words: str) -> str:
        """Press a key, again where the screen was about to be drawn anew and took none."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.keys(key)
            pressed = time.monotonic()
            while time.monotonic() < pressed + 5:
                screen = self.screen()
                if all(word in screen for word in words):
                    return screen
                time.sleep(0.1)
        raise AssertionError(f"{words} did not come; the screen:\n{self.screen()}")

    def wait_until_gone(self, word: str) -> None:
        """Wait until `word` is not on the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while word in self.screen():
            assert time.monotonic() < deadline, self.screen()
            time.sleep(0.1)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)


@pytest.fixture(params=[(80, 24), (160, 45)], ids=["80x24", "160x45"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal of one of two sizes."""
    terminal = Terminal(tmp_path, *request.param)
    yield terminal
    terminal.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a worker that writes at once and one that takes a minute."""
    workers = {
        "A": {"title": "Quick", "command": program(WRITES), "scope": {"allow": ["src/**"]}},
        "B": {"title": "Slow", "command": program(WAITS), "scope": {"allow": ["docs/**"]}},
    }
    files = {
        "src/a.txt": "a\n",
        "tools/codex/factory/factory.config.json": json.dumps(
            {"workers": workers, "run": {"grace_s": 1}}
        ),
    }
    return make_repository(tmp_path / "repo", files)


def factory(*words: str) -> list[str]:
    python_path = f"PYTHONPATH={Path.cwd()}"
    return [
        "env",
        "TERM=xterm-256color",
        "LC_ALL=C.UTF-8",
        python_path,
        sys.executable,
        "-m",
        "factory_tui",
        *words,
    ]


def test_launch_detach_watch_again_and_cancel(terminal: Terminal, root: Path) -> None:
    terminal.run(*factory(), cwd=root)
    terminal.wait_for("There is no run yet")
    terminal.keys("n")
    terminal.wait_for("New run   ready", "[x] A  Quick", "[x] B  Slow")
    terminal.keys("F5")
    terminal.wait_for("A ✓ PASS", "B ● RUNNING", "step")
    terminal.keys("2", "Enter")
    terminal.wait_for("[Log]", "step 1", "FOLLOW")
    terminal.keys("q")
    terminal.wait_for("A ✓ PASS", "B ● RUNNING")
    terminal.keys("q")
    terminal.wait_for("1 live")
    terminal.keys("q")
    terminal.wait_for("is still running", "Detach")
    terminal.keys("Enter")
    terminal.wait_for("ended 3")
    run = newest_run(root / "tools/codex/runs")
    assert run is not None
    assert holder_of(run.work) is not None  # it goes on without the console
    terminal.run(*factory("watch"), cwd=root)
    terminal.wait_for("A ✓ PASS", "B ● RUNNING")
    terminal.keys("X")
    terminal.wait_for("Leave it running")
    terminal.keys("y")
    terminal.wait_for("⊘ STOPPED", "stopped by cancel")
    terminal.keys("q")
    terminal.wait_for("ended 3")
    deadline = time.monotonic() + PATIENCE_S
    while holder_of(run.work) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_terminal_is_left_as_it_was(terminal: Terminal, root: Path) -> None:
    terminal.keys("echo before-the-console", "Enter")
    terminal.run(*factory(), cwd=root)
    terminal.wait_for("There is no run yet")
    terminal.keys("q")
    terminal.wait_for("before-the-console", "ended 0")
