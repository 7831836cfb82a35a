"""How commands end that met a bug or a machine at its limits, and where their output goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from factory_engine.errors import (
    CollectError,
    FactoryError,
    GitError,
    LedgerError,
    RepositoryError,
    RunError,
    StorageError,
    UnfinishedError,
    UsageError,
)
from factory_engine.status import Status
from factory_tui.cli import streams
from factory_tui.cli.commands import runs
from factory_tui.cli.documents.models import ErrorDocument
from factory_tui.cli.output import json_text
from factory_tui.cli.streams import wants_color
from factory_tui.text import exit_codes
from factory_tui.text.exit_codes import ExitCode
from tests.cli.shell import Shell, run_process


def raising(error: BaseException) -> object:
    """A command that raises."""

    def execute(arguments: object) -> None:
        raise error

    return execute


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (KeyError(), "KeyError"),
        (MemoryError(), "out of memory"),
        (
            RecursionError("maximum recursion depth exceeded"),
            "RecursionError: maximum recursion depth exceeded",
        ),
        (ExceptionGroup("many", [ValueError("one\nline\x1b")]), "ValueError: one\\nline\\x1b"),
    ],
)
def test_a_bug_is_one_line_with_its_traceback_in_a_file(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    monkeypatch.setattr(runs, "execute", raising(error))
    answer = shell("runs")
    assert (answer.code, answer.out) == (1, "")
    assert answer.error.startswith(f"internal error: {words} (traceback in ")
    place = Path(answer.error.rpartition("(traceback in ")[2].removesuffix(")"))
    assert Path.home() in place.parents
    assert "Traceback" in place.read_text()


def test_a_bug_is_a_document_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "execute", raising(ZeroDivisionError()))
    document = ErrorDocument.model_validate(shell("runs", "--json").document)
    assert (document.status, document.exit_code) == ("FAIL", 1)
    assert Path(document.where).exists()


def test_debugging_shows_the_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_DEBUG", "1")
    monkeypatch.setattr(runs, "execute", raising(RunError("no such run")))
    answer = shell("runs")
    assert answer.code == 2
    assert "Traceback" in answer.err
    monkeypatch.setenv("FACTORY_DEBUG", "0")
    assert "Traceback" not in shell("runs").err


def test_a_key_press_ends_a_short_command_with_130(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "execute", raising(KeyboardInterrupt()))
    answer = shell("runs", "--json")
    assert answer.code == 130
    assert answer.error == "stopped by SIGINT"
    assert ErrorDocument.model_validate(answer.document).status == "PENDING"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FactoryError, 1),
        (StorageError, 1),
        (GitError, 1),
        (RepositoryError, 2),
        (RunError, 2),
        (LedgerError, 2),
        (CollectError, 2),
        (UnfinishedError, 3),
        (UsageError, 64),
    ],
)
def test_each_expected_error_has_its_exit_code_and_one_line(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: type[FactoryError], code: int
) -> None:
    problem = error("it is\nbroken\x1b[2J", where="here", advice="mend it")
    monkeypatch.setattr(runs, "execute", raising(problem))
    answer = shell("runs")
    assert answer.code == code
    assert answer.error == "here: it is\\nbroken\\x1b[2J; mend it"


def test_statuses_and_exit_codes_say_the_same() -> None:
    assert {status: int(exit_codes.of_status(status)) for status in Status} == {
        "PASS": 0,
        "FAIL": 1,
        "BLOCKED": 2,
        "PENDING": 3,
        "RUNNING": 3,
    }
    signals = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    assert [int(exit_codes.of_signal(name)) for name in signals] == [130, 143, 129, 130]
    assert int(ExitCode.USAGE) == 64


@pytest.mark.parametrize(
    ("option", "environment", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
    ],
)
def test_colour_is_where_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    environment: dict[str, str],
    terminal: bool,
    wanted: bool,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(streams, "is_terminal", lambda stream: terminal)
    assert wants_color(option, sys.stdout) is wanted


def test_colours_are_for_results_too(reader: Shell) -> None:
    assert "\x1b[1;35mBLOCKED" in reader("ledger-replay", "--color", "always").out
    assert "\x1b" not in reader("ledger-replay").out
    assert "\x1b" not in reader("ledger-replay", "--color", "always", "--no-color").out
    assert "\x1b" not in reader("ledger-replay", "--color", "always", "--json").out


def test_json_holds_any_text_in_ascii() -> None:
    text = json_text({"path": "\udcff\u202eé\x7f##[x]"})
    assert text == '{\n  "path": "\\udcff\\u202e\\u00e9\\u007f#\\u0023[x]"\n}\n'


@pytest.mark.skipif(os.name != "posix", reason="the encoding is the locale's on POSIX only")
def test_a_terminal_that_knows_ascii_only_shows_escapes(reader: Shell) -> None:
    report = reader.run_folder("bad") / "Z_integrator/FINAL_REPORT.txt"
    report.write_text("STATUS: BLOCKED\né…\n", encoding="utf-8")
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    answer = run_process(reader.folder, "print-report", "--run-id", "bad", environment=environment)
    assert (answer.code, answer.out) == (0, "STATUS: BLOCKED\n\\xe9\\u2026\n")
