"""`python -m tools.codex.factory`, run as an operator runs it, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.config import load

SHIM = Path(__file__).parents[3] / "tools" / "codex" / "factory"
ENTRY = """
import sys
def main():
    print(sys.argv)
    return 3
"""
# Without site-packages: what a system's own interpreter knows of our libraries is nothing.
BARE = (sys.executable, "-S")
posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in interpreter is a shell script")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder that has adopted Factory and has its code, as this repository does."""
    shutil.copytree(SHIM, tmp_path / "tools" / "codex" / "factory")
    add_package(tmp_path, "factory_tui")
    return tmp_path


def add_package(folder: Path, name: str) -> None:
    """An importable package whose entry prints its arguments and ends with 3."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "__main__.py").write_text(ENTRY)


def add_venv(folder: Path, line: str) -> None:
    """A stand-in for the interpreter of `.venv`: a script of one line."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{line}\n")
    python.chmod(0o755)


def run(folder: Path, *arguments: str, python: tuple[str, ...] = BARE) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the shim."""
    result = subprocess.run(
        [*python, "-m", "tools.codex.factory", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_the_entry_gets_the_arguments_and_its_exit_code_is_kept(repository: Path) -> None:
    add_package(repository, "pydantic")
    code, out, err = run(repository, "oneshot", "--base-ref", "HEAD")
    assert out == "['python -m tools.codex.factory', 'oneshot', '--base-ref', 'HEAD']\n"
    assert (code, err) == (3, "")


@pytest.mark.parametrize("option", ["--help", "--version", "-h"])
def test_help_needs_no_library(repository: Path, option: str) -> None:
    code, out, _ = run(repository, option)
    assert (code, out) == (3, f"['python -m tools.codex.factory', '{option}']\n")


def test_without_libraries_one_line_says_what_to_do(repository: Path) -> None:
    code, out, err = run(repository, "doctor")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert err.endswith("lacks the package pydantic; run: make demo\n")


def test_in_another_repository_it_says_how_to_install(repository: Path) -> None:
    shutil.rmtree(repository / "factory_tui")
    code, _, err = run(repository, "--help")
    assert code == 1
    assert err.endswith(
        "lacks the package codex-factory; run: "
        f"{Path(sys.executable).name} -m pip install codex-factory\n"
    )


@posix
def test_the_interpreter_of_the_repository_takes_over(repository: Path) -> None:
    add_venv(repository, 'printf "%s|" "$@"; exit 5')
    code, out, _ = run(repository, "launch", "--workers", "A, C")
    assert code == 5
    assert out == "-X|factory_restarted|-m|tools.codex.factory|launch|--workers|A, C|"


@posix
def test_the_interpreter_of_the_repository_is_not_asked_for_help(repository: Path) -> None:
    add_venv(repository, "exit 5")
    assert run(repository, "--help")[0] == 3


@posix
def test_an_interpreter_that_lacks_the_libraries_too_is_tried_once(repository: Path) -> None:
    add_venv(repository, f'exec "{sys.executable}" -S "$@"')
    code, _, err = run(repository, "doctor")
    assert code == 1
    assert err.count("\n") == 1


def test_this_repository_is_adopted_without_a_task() -> None:
    root = SHIM.parents[2]
    config = load(root, environment={}).config
    assert [worker.title for worker in config.workers.values()] == [
        "Engine",
        "Command line and console",
        "Tests",
        "Documentation",
    ]
    assert not any(worker.has_task for worker in config.workers.values())
    assert all(worker.scope.allow for worker in config.workers.values())
    assert config.integrator.checks == []
