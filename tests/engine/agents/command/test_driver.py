"""The driver for any program, and the registry of drivers."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.agents import driver
from factory_engine.agents.command.driver import CommandReader
from factory_engine.agents.one_line import one_line
from factory_engine.agents.protocol import Activity, AgentTask, AgentVerdict, Conversation
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.errors import UsageError
from factory_engine.processes.log_file import LogSummary
from factory_engine.processes.program import Finished, Reason


def task(*argv: str) -> AgentTask:
    return AgentTask("A_worker", "run", "0" * 40, Path("checkout"), Path("outbox"), argv=argv)


def test_the_command_is_run_as_it_is_configured() -> None:
    launch = driver("command").prepare(task("make", "-s", "fix"))
    assert (launch.argv, launch.stdin, launch.separate_stderr) == (
        ("make", "-s", "fix"),
        None,
        False,
    )


def test_a_command_without_a_program_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(UsageError, match="A_worker: the agent `command` has no program to run"):
        driver("command").prepare(task())


def test_the_activity_is_the_last_complete_line() -> None:
    reader = driver("command").reader(task())
    assert reader.feed(b"compil") == []
    assert reader.feed(b"ing\nlinking\ndo") == [Activity("running", "linking")]
    assert reader.feed(b"ne") == []


def test_each_execution_has_a_reader_of_its_own() -> None:
    reader = driver("command").reader(task())
    reader.feed(b"half")
    assert driver("command").reader(task()).feed(b" line\n") == [Activity("running", "line")]


def test_a_command_is_not_talked_to() -> None:
    assert not isinstance(driver("command").reader(task()), Conversation)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"\x1b[32mok\x1b[0m 3 passed", "ok 3 passed"),
        (b"\x1b]0;title\x07text", "text"),
        (b"a\tb\x00c\x1bd", r"a b\u{0}c\u{1b}d"),
        ("a\u202eb".encode(), r"a\u{202e}b"),
        (b"\xff", "�"),
        ("ä – 漢字".encode(), "ä – 漢字"),
        (b"x" * 500, "x" * 199 + "…"),
    ],
)
def test_a_line_is_made_safe_to_show(line: bytes, shown: str) -> None:
    assert one_line(line) == shown


@pytest.mark.parametrize(
    ("reason", "rc", "verdict"),
    [
        ("exited", 0, AgentVerdict(True, "words")),
        ("exited", 3, AgentVerdict(False, "words", "exit")),
        ("exited", -9, AgentVerdict(False, "words", "exit")),
        ("timeout", 0, AgentVerdict(False, "words", "timeout")),
        ("cancelled", 0, AgentVerdict(False, "words")),
        ("not_started", 127, AgentVerdict(False, "words")),
    ],
)
def test_only_exit_code_zero_is_good(reason: Reason, rc: int, verdict: AgentVerdict) -> None:
    reader = driver("command").reader(task())
    assert reader.verdict(Finished(reason, rc, "words")) == verdict


@pytest.mark.parametrize(
    ("reason", "rc", "told"),
    [
        ("exited", 0, "words"),
        ("exited", 3, "words: Error: no fo\\u{7}o in src/a.py"),
        ("timeout", -15, "words; last seen Error: no fo\\u{7}o in src/a.py"),
        ("cancelled", -15, "words"),
    ],
)
def test_a_bad_end_is_told_with_the_last_line(reason: Reason, rc: int, told: str) -> None:
    line = b"\x1b[31mError:\x1b[0m no fo\x07o in /home/me/checkout/src/a.py"
    reader = CommandReader(WorkerPaths(Path("/home/me/checkout"), Path("/home/me/outbox")))
    ended = Finished(reason, rc, "words", log=LogSummary(last_line=line))
    assert reader.verdict(ended).reason == told


def test_an_unknown_driver_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match="no driver is called 'comand'; choose one of: acp, claude, codex, command"
    ):
        driver("comand")
