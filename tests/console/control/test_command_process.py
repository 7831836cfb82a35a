"""Commands as processes of their own: what is started, what is heard of it, what outlives whom."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from factory_tui.console.control import command_lines, command_process, command_sequence
from factory_tui.console.control.command_lines import Command
from factory_tui.console.open_repository import OpenRepository
from tests.support.repositories import make_repository

OTHER = "oneshot_20260921T150000Z_ab12cd34_001"


def repository_of(tmp_path: Path) -> OpenRepository:
    root = make_repository(tmp_path / "repo", {"a.txt": "a\n"})
    return OpenRepository(root, root / "tools/codex/runs")


async def test_an_error_is_the_one_line_that_the_command_line_gave(tmp_path: Path) -> None:
    ended = await command_process.start(
        command_lines.cancel(OTHER), repository_of(tmp_path)
    ).ended()
    assert ended.code == 2
    assert OTHER in ended.line
    assert "no such run" in ended.line


async def test_a_usage_error_counts_as_a_failure(tmp_path: Path) -> None:
    command = Command("x", (("cancel", "--no-such-option"),))
    ended = await command_process.start(command, repository_of(tmp_path)).ended()
    assert ended.failed
    assert "--no-such-option" in ended.line


async def test_a_dry_run_is_started_in_the_repository_and_leaves_no_file_behind(
    tmp_path: Path, home: Path
) -> None:
    repository = repository_of(tmp_path)
    command = command_lines.start("pinned", "HEAD", dry_run=True)
    ended = await command_process.start(command, repository).ended()
    assert (ended.code, ended.failed) == (0, False)
    assert (repository.start / "tools/codex/runs/pinned/LEDGER.jsonl").is_file()
    assert list(home.rglob("console/*")) == []


async def test_settings_of_the_console_are_those_of_its_commands(tmp_path: Path) -> None:
    repository = repository_of(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    config = tmp_path / "my.json"
    config.write_text(json.dumps({"paths": {"runs_dir": str(elsewhere)}}))
    repository = OpenRepository(repository.start, elsewhere, config, ("run.kind=mine",))
    await command_process.start(
        command_lines.start("pinned", "HEAD", dry_run=True), repository
    ).ended()
    manifest = json.loads((elsewhere / "pinned/RUN_MANIFEST.json").read_bytes())
    assert manifest["kind"] == "mine"


@pytest.mark.skipif(os.name != "posix", reason="sessions are a matter of POSIX")
async def test_a_command_has_a_session_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(command_process, "_argv", lambda step, repository: sleeper)
    started = command_process.start(Command("x", (("any",),)), OpenRepository(tmp_path))
    child = psutil.Process(started.pid)
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
        started.let_go()
        assert child.is_running()
    finally:
        child.kill()
        os.waitpid(child.pid, 0)


def step(code: int, file: Path) -> list[str]:
    program = f"import sys; open({str(file)!r}, 'a').write('{code} '); sys.exit({code})"
    return [sys.executable, "-c", program]


@pytest.mark.parametrize(
    ("codes", "run", "last"),
    [
        ((0, 0), "0 0", 0),
        ((2, 0), "2 0", 0),
        ((3, 2), "3 2", 2),
        ((64, 0), "64", 64),
        ((1, 0), "1", 1),
    ],
)
def test_a_sequence_goes_on_after_an_answer_and_stops_after_a_failure(
    tmp_path: Path, codes: tuple[int, ...], run: str, last: int
) -> None:
    file = tmp_path / "said"
    assert command_sequence.main(json.dumps([step(code, file) for code in codes])) == last
    assert file.read_text().strip() == run


def test_the_relay_is_a_program_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "said"
    document = json.dumps([step(0, file)])
    argv = [sys.executable, "-m", "factory_tui.console.control.command_sequence", document]
    assert subprocess.run(argv, cwd=Path.cwd(), check=False).returncode == 0
    assert file.read_text() == "0 "


def test_commands_are_shown_as_they_are_typed() -> None:
    assert command_lines.retry("r", ["C_worker"]).shown() == (
        "factory launch --run-id r --workers C && factory integrate --run-id r"
    )
    amended = command_lines.integrate("r", "it's needed", "A_worker").shown()
    assert amended == "factory integrate --run-id r --amend-scope 'it'\"'\"'s needed' --workers A"
    assert command_lines.start(
        "r", "main", ["A_worker", "C_worker"], settings=["run.kind=x"]
    ).shown() == ("factory oneshot --run-id r --base-ref main --workers A,C --set run.kind=x")


def test_only_runs_of_the_own_folder_can_be_commanded(tmp_path: Path) -> None:
    repository = OpenRepository(tmp_path, tmp_path / "runs")
    assert repository.holds(tmp_path / "runs/one")
    assert not repository.holds(tmp_path / "elsewhere/one")
    assert not OpenRepository(tmp_path).holds(tmp_path / "runs/one")
    assert not repository.holds(None)
