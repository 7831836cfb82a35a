"""The demo in a real terminal: from the launch form, and from each kind of BLOCKED, to PASS."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_tui.cli.sample_repository import make_sample
from tests.console.test_in_tmux import Terminal, factory, pytestmark

__all__ = ["pytestmark"]

SMALL, LARGE = (80, 24), (160, 45)


def hurried(*words: str) -> list[str]:
    """A command line whose sample programs take no pauses, with this Python found by its name."""
    env, *rest = factory(*words)
    return [env, "SAMPLE_STEP_S=0", *rest]


@pytest.fixture
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal of the size that the test names."""
    terminal = Terminal(tmp_path, *request.param)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("terminal", [SMALL, LARGE], indirect=True, ids=["80x24", "160x45"])
def test_launch_look_at_everything_and_quit(terminal: Terminal, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    sample.mkdir()
    asyncio.run(make_sample(sample, "pass", sys.executable))
    terminal.run(*hurried(), cwd=sample)
    terminal.wait_for("There is no run yet")
    terminal.keys("n")
    terminal.wait_for("New run   ready", "[x] D  Command line")
    terminal.keys("F5")
    terminal.wait_for("Z ✓ PASS", "✓ summary")
    done = {"1": "most_common", "2": "test_most_common", "3": "docs/usage.md", "4": "--top"}
    for digit, changed in done.items():
        terminal.keys(digit, "Enter")
        terminal.wait_for(f"» {'ABCD'[int(digit) - 1]}", "[Diff", changed)
        terminal.keys("Escape")
        terminal.wait_for("Z ✓ PASS")
    terminal.keys("1", "/")
    terminal.wait_for("[Log]", "reading tally/words.py", "\n /")  # the line to type into
    terminal.keys("adding", "Enter")
    terminal.wait_for("1 of 1")
    terminal.keys("Escape")
    terminal.wait_until_gone("\n /")  # a `[` right behind it would be one sequence for a terminal
    terminal.keys("[", "[", "[")
    if "│" not in terminal.wait_for("[Diff", "v Split/unified", "### Library"):
        terminal.keys("v")
    # a line that both have, once on each side
    terminal.wait_for("[Diff", "5   ### Library", "│", "Split/unified")
    terminal.keys("q")
    terminal.wait_for("Z ✓ PASS")
    terminal.keys("q")
    terminal.wait_for("1 run")
    terminal.keys("q")
    terminal.wait_for("ended 0")


@pytest.mark.parametrize(
    ("terminal", "case", "why", "choice"),
    [
        (SMALL, "scope", "SCOPE pyproject.toml", "Widen the lock of C"),
        (SMALL, "conflict", "CONFLICT CHANGELOG.md", "Run again without D"),
        (LARGE, "overlap", "OVERLAP README.md", "Run again without C"),
        (LARGE, "check", "CHECK tests", "Run again without D"),
    ],
    indirect=["terminal"],
    ids=["scope", "conflict", "overlap", "check"],
)
def test_from_blocked_through_triage_to_pass(
    terminal: Terminal, tmp_path: Path, case: str, why: str, choice: str
) -> None:
    sample = tmp_path / "sample"
    terminal.run(*hurried("demo", "--case", case, "--folder", str(sample)), cwd=tmp_path)
    terminal.wait_for("Z ▲ BLOCKED", "✓ summary")
    terminal.keys("T")
    screen = terminal.wait_for("» Triage", why, choice)
    row = next(line for line in screen.splitlines() if choice in line)
    number = row.partition(choice)[0].strip(" ▸")
    if case == "scope":
        terminal.keys_until(number, "Widen the lock of C: why?")
        terminal.keys("the version belongs to it", "Enter")
    else:
        terminal.keys_until(number, f"{choice}?", "$ factory oneshot")
        terminal.keys("y")
    screen = terminal.wait_for("✓ integrate", "✓ summary", "✓ PASS")
    if "» Triage" in screen:
        terminal.keys("q")
    terminal.wait_for("Z ✓ PASS", "A ✓ PASS", "B ✓ PASS")
    terminal.keys("q")
    terminal.wait_for("ended 2")  # of the run that the command itself made
