"""What each command loads, seen from a process of its own: nothing that it does not use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from factory_tui.cli.overview import COMMANDS

# Runs one command as the entry point does and leaves the names of what it loaded in a file.
PROBE = """
import sys
from factory_tui.cli.main import main
try:
    main(sys.argv[2:])
except SystemExit:
    pass
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("\\n".join(sys.modules))
"""
DRY_RUN = ("--base-ref", "HEAD", "--dry-run")
ARGUMENTS = {"launch": DRY_RUN, "oneshot": DRY_RUN, "ledger": ("--limit", "50")}
SCREEN = {"textual", "rich.live"}
RARE = {"detect_secrets", "junitparser", "pydantic_settings", "shtab", "watchfiles"}
# a completion script knows every command, so it loads what the commands name at their top
USES = {"completion": {"shtab", "watchfiles"}, "watch": {"watchfiles"}}
SLOW_TO_LOAD = {"asyncio", "pydantic"}
# each takes about as long as starting Python
TOO_SLOW_FOR_A_LISTING = SLOW_TO_LOAD | {"argparse", "dataclasses", "pathlib", "typing"}


def loaded(folder: Path, *argv: str, site: bool = True) -> set[str]:
    """The modules that `factory ARGV` loaded, run in `folder` without a terminal.

    Args:
        folder: where it runs.
        argv: the command line without the program.
        site: let installed packages load what they want whenever Python starts.
    """
    listing = folder.with_name("modules.txt")
    listing.unlink(missing_ok=True)
    result = subprocess.run(
        [sys.executable, *(() if site else ("-S",)), "-c", PROBE, str(listing), *argv],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return set(listing.read_text("utf-8").splitlines())


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit and one finished dry run."""
    folder = tmp_path_factory.mktemp("startup") / "repository"
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    subprocess.run([*git, "init", "--quiet", str(folder)], check=True)
    subprocess.run(
        [*git, "commit", "--quiet", "--allow-empty", "--message", "base"], cwd=folder, check=True
    )
    loaded(folder, "oneshot", *DRY_RUN)
    return folder


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_almost_nothing(tmp_path: Path, option: str) -> None:
    folder = tmp_path / "anywhere"
    folder.mkdir()
    assert loaded(folder, option) & (SLOW_TO_LOAD | SCREEN | RARE) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_no_screen(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "anywhere"
    folder.mkdir()
    unused = (SCREEN | RARE) - USES.get(command, set())
    assert loaded(folder, command, "--help") & unused == set()


# `demo` is a whole run of real programs; it calls what `oneshot` calls. `serve` ends when stopped.
@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("demo", "serve")])
def test_a_headless_command_loads_no_screen(repository: Path, command: str) -> None:
    unused = (SCREEN | RARE) - USES.get(command, set())
    assert loaded(repository, command, *ARGUMENTS.get(command, ())) & unused == set()


@pytest.mark.parametrize("command", ["ledger", "runs"])
def test_a_listing_loads_neither_models_nor_a_parser(repository: Path, command: str) -> None:
    found = loaded(repository, command, *ARGUMENTS.get(command, ()), site=False)
    assert found & TOO_SLOW_FOR_A_LISTING == set()
