"""`factory demo`: a real run in a sample repository, in each of its cases."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from factory_tui.cli import console_launcher
from factory_tui.cli.documents.run_models import RunDocument
from tests.cli.shell import Answer, Shell
from tests.support.repositories import git


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No pauses between the workers' steps; temporary folders in a folder of the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("SAMPLE_STEP_S", "0")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def demo(shell: Shell, folder: Path, *argv: str) -> Answer:
    """`factory demo --folder FOLDER`."""
    return shell.bare("demo", "--folder", str(folder), *argv)


def test_the_demo_passes_and_says_where_it_is(shell: Shell, hurried: Path) -> None:
    answer = shell.bare("demo")
    assert answer.code == 0
    assert answer.out.startswith("PASS  oneshot_")
    (sample,) = hurried.iterdir()
    assert f"sample repository in {sample}" in answer.err
    assert answer.err.endswith(f"look around: factory -C {sample} print-report\n")
    assert shell.bare("print-report", "-C", str(sample)).code == 0


def test_the_result_of_the_demo_works_when_it_is_applied(shell: Shell, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    assert demo(shell, sample).code == 0
    assert git(sample, "status", "--porcelain") == ""
    assert shell.bare("apply", "-C", str(sample), "--branch", "result").code == 0
    git(sample, "switch", "--quiet", "result")
    (sample / "words.txt").write_text("b a b")
    command = [sys.executable, "-m", "tally", "--top", "1", "words.txt"]
    done = subprocess.run(command, cwd=sample, capture_output=True, check=True)
    assert done.stdout.split() == [b"b", b"2"]


@pytest.mark.parametrize(
    ("case", "code", "who"),
    [
        ("overlap", "OVERLAP", ""),
        ("scope", "SCOPE", "C_worker"),
        ("conflict", "CONFLICT", "Z_integrator"),
        ("check", "CHECK", "Z_integrator"),
    ],
)
def test_each_case_is_blocked_by_what_it_is_called_after(
    shell: Shell, tmp_path: Path, case: str, code: str, who: str
) -> None:
    answer = demo(shell, tmp_path / "sample", "--case", case, "--json", "--quiet")
    document = RunDocument.model_validate(answer.document)
    assert answer.code == document.exit_code == 2
    assert {(v.code, v.worker_id) for v in document.violations} == {(code, who)}
    expected = {"tests": ["A_worker", "D_worker"]} if case == "check" else {}
    assert document.culprits == expected


def test_the_sample_is_the_same_commit_everywhere(shell: Shell, tmp_path: Path) -> None:
    for name in ("one", "other"):
        demo(shell, tmp_path / name)
    one, other = (git(tmp_path / name, "rev-parse", "HEAD") for name in ("one", "other"))
    assert one == other


def test_no_artifact_of_the_demo_holds_a_path_of_this_machine(shell: Shell, tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    demo(shell, sample)
    folder = next((sample / "tools/codex/runs").glob("oneshot_*"))
    manifest = json.loads((folder / "RUN_MANIFEST.json").read_bytes())
    assert manifest["config"]["workers"]["A_worker"]["command"][0] == Path(sys.executable).name
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert str(tmp_path).encode() not in data, path
            assert str(Path(sys.executable).parent).encode() not in data, path


def test_nothing_is_kept_when_nothing_is_to_be(shell: Shell, hurried: Path, home: Path) -> None:
    assert shell.bare("demo", "--no-keep").code == 0
    assert list(hurried.iterdir()) == []
    assert not (home / ".cache" / "codex-factory").exists()


def test_a_folder_with_something_in_it_is_left_alone(shell: Shell) -> None:
    answer = demo(shell, shell.folder)
    assert answer.code == 64
    assert "is not an empty folder" in answer.error


def test_on_a_terminal_the_console_shows_the_run_and_its_end_is_the_commands(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def open_console(arguments: object, start: Path, folder: Path) -> int:
        seen.append(folder)
        while b"run.finished" not in (folder / "LEDGER.jsonl").read_bytes():
            pass
        return 0

    monkeypatch.setattr(console_launcher, "opens", lambda arguments: True)
    monkeypatch.setattr(console_launcher, "open_console", open_console)
    answer = demo(shell, tmp_path / "sample", "--case", "scope")
    assert answer.code == 2
    assert seen == [tmp_path / "sample/tools/codex/runs/demo"]


def test_leaving_the_console_stops_the_run(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_console(arguments: object, start: Path, folder: Path) -> int:
        while b"worker.started" not in (folder / "LEDGER.jsonl").read_bytes():
            pass
        return 0

    monkeypatch.setenv("SAMPLE_STEP_S", "10")
    monkeypatch.setattr(console_launcher, "opens", lambda arguments: True)
    monkeypatch.setattr(console_launcher, "open_console", open_console)
    assert demo(shell, tmp_path / "sample").code == 143
