"""A repository to type commands in, and finished runs to read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from factory_tui.cli.main import main
from tests.cli.shell import Shell, configure, make_place
from tests.support.own import make_own


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in a repository that has no run yet."""
    return Shell(make_place(tmp_path / "repo"), capsys)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a run that passed, then one that a scope violation blocked."""
    folder = make_place(tmp_path_factory.mktemp("finished") / "repo")
    configure(folder, checks=[{"name": "tests", "run": ["git", "--version"]}])
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(folder)
        assert main(["oneshot", "--quiet", "--run-id", "good"]) == 0
        configure(folder, {"A": "Path('outside.txt').write_text('x')"})
        assert main(["oneshot", "--quiet", "--run-id", "bad"]) == 2
    return folder


@pytest.fixture
def reader(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in a copy of that repository: `good` passed, `bad` is the newest and BLOCKED."""
    folder = tmp_path / "repo"
    shutil.copytree(finished, folder, symlinks=True)
    for run in ("good", "bad"):
        make_own(folder / "tools/codex/runs" / run)
    return Shell(folder, capsys)
