"""What a command line may look like, and what is said about one that makes no sense."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from factory_tui.cli.documents.models import ErrorDocument
from factory_tui.cli.overview import COMMANDS, program_name
from tests.cli.shell import Shell, run_process
from tests.support.repositories import snapshot_bytes

HELP = sorted(COMMANDS)


def test_help_names_every_command_and_says_what_it_does(shell: Shell) -> None:
    answer = shell.bare("--help")
    assert (answer.code, answer.err) == (0, "")
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in answer.out
        assert line in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100


def test_version_is_one_line(shell: Shell) -> None:
    answer = shell.bare("--version")
    assert answer.out.startswith("factory 0.")
    assert answer.out.count("\n") == 1


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["--no-color", "--help"], []])
def test_help_is_the_same_however_it_is_asked_for(shell: Shell, argv: list[str]) -> None:
    assert shell.bare(*argv) == shell.bare("--help")


@pytest.mark.parametrize("command", HELP)
def test_each_command_has_a_help_of_its_own(shell: Shell, command: str) -> None:
    answer = shell.bare(command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("usage: ")
    assert "--json" in answer.out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["oneshoot"], "there is no command 'oneshoot'; did you mean 'oneshot'?"),
        (["xyz"], "there is no command 'xyz'; see `factory --help`"),
        (["--jsn", "runs"], "unknown option '--jsn'; did you mean '--json'?"),
        (["ledger", "--limt", "3"], "`factory ledger` takes no option '--limt'; did you mean"),
        (["oneshot", "--dir", "x"], "`factory oneshot` takes no option '--dir'"),
        (["runs", "extra"], "unexpected argument 'extra'"),
        (["ledger", "--limit", "0"], "expected a whole number from 1 up, not '0'"),
        (["ledger", "--limit", "many"], "expected a whole number from 1 up, not 'many'"),
        (["ledger", "--limit"], "expected one argument"),
        (["ledger", "--since", "soon"], "'soon' is no time"),
        (["ledger", "--event-type", "run.create"], "did you mean 'run.created'?"),
        (["ledger", "--status", "PAS"], "did you mean 'PASS'?"),
        (["ledger", "--run-id", "a", "--dir", "b"], "not allowed with argument"),
        (["launch", "--workers", "A,Q1"], "'Q1' is no worker; write A,C or A_worker"),
        (["oneshot", "--run-id", "../x"], "'../x' cannot be a run id"),
        (["oneshot", "--run-id", ""], "cannot be a run id"),
        (["oneshot", "--kind", "Big Run"], "cannot be the kind of a run"),
        (["oneshot", "--junit", "missing/report.xml"], "cannot be written"),
        (["integrate", "--amend-scope", " "], "expected a reason"),
        (["prune", "--older-than", "soon"], "expected days, or 12h, 30d, 2w, not 'soon'"),
        (["prune", "--runs"], "--runs alone would remove every run"),
        (["schema", "STATUSES"], "there is no schema 'STATUSES'; did you mean"),
        (["completion", "fish"], "there is no shell 'fish'"),
        (["demo", "--case", "pss"], "did you mean 'pass'?"),
        (["--set", "run.bse_ref=x", "oneshot"], "run.bse_ref"),
        (["oneshot", "--set", "run.max_parallel=0"], "run.max_parallel"),
        (["oneshot", "--config", "nowhere.json"], "no such file"),
    ],
)
def test_a_mistake_is_one_line_and_64_and_creates_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, argv: list[str], words: str
) -> None:
    monkeypatch.chdir(shell.folder)
    before = snapshot_bytes(shell.folder)
    answer = shell.bare(*argv)
    assert (answer.code, answer.out) == (64, "")
    assert words in answer.error
    assert snapshot_bytes(shell.folder) == before


def test_a_mistake_is_a_document_too_where_json_is_asked_for(shell: Shell) -> None:
    answer = shell.bare("--json", "ledger", "--limit", "0")
    document = ErrorDocument.model_validate(answer.document)
    assert (document.exit_code, document.status) == (64, "USAGE")
    assert "whole number" in document.what
    assert "--help" in document.advice


def test_common_options_stand_before_or_after_the_command(reader: Shell) -> None:
    after = reader.bare("print-report", "--json", "--run-id", "good", "-C", reader.at)
    before = reader.bare("--run-id", "good", "--json", "-C", reader.at, "print-report")
    glued = reader.bare(f"-C{reader.at}", "--run-id=good", "print-report", "--json")
    assert after.code == 0
    assert after == before == glued


def test_a_folder_that_is_none_is_a_usage_error(shell: Shell) -> None:
    answer = shell.bare("runs", "-C", str(shell.folder / "nowhere"))
    assert answer.code == 64
    assert "no such folder" in answer.error


@pytest.mark.parametrize(
    "command", ["runs", "ledger", "print-report", "watch", "oneshot", "preflight", "config", "init"]
)
def test_without_a_repository_each_command_says_so(
    tmp_path: Path, shell: Shell, command: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    answer = shell.bare(command, "-C", str(outside))
    assert answer.code == 2
    assert "repository" in answer.error
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    ["print-report", "open-report", "open-run", "watch", "ledger-replay", "apply", "cancel"],
)
def test_without_a_run_each_command_says_so(shell: Shell, command: str) -> None:
    for argv, words in (([], "there is no run yet"), (["--run-id", "x"], "there is no such run")):
        answer = shell(command, *argv)
        assert answer.code == 2
        assert words in answer.error


@pytest.mark.parametrize(
    ("argv0", "name"),
    [
        ("/somewhere/bin/factory", "factory"),
        ("/somewhere/factory_tui/__main__.py", "python -m factory_tui"),
        ("python -m tools.codex.factory", "python -m tools.codex.factory"),
    ],
)
def test_the_usage_line_shows_the_spelling_that_was_used(argv0: str, name: str) -> None:
    assert program_name(argv0) == name


def test_the_package_runs_as_a_module(shell: Shell) -> None:
    answer = run_process(shell.folder, "runs", "--json")
    assert (answer.code, answer.document["runs"]) == (0, [])
    assert run_process(shell.folder, "--version").out == shell.bare("--version").out


def test_a_console_script_ends_with_the_exit_code(shell: Shell) -> None:
    code = "import sys; from factory_tui.__main__ import main; sys.argv[1:] = ['nothing']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 64


def test_a_json_document_is_pure_ascii(shell: Shell) -> None:
    answer = shell.bare("--json", "schéma\u202e")
    assert answer.out.isascii()
    assert json.loads(answer.out)["exit_code"] == 64
