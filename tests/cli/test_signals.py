"""Stopping a command: once, twice, from elsewhere, and with nobody left to read what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from factory_engine.ledger import read_events
from tests.cli.shell import PASSING, Answer, Shell, configure, run_process, start_process
from tests.support.event_json import said

posix = pytest.mark.skipif(os.name != "posix", reason="other systems have no such signals")
FIRST_TIME = (
    "mark = Path(os.environ['HOME'], 'begun')\n"
    "again = mark.exists()\n"
    "mark.touch()\n"
    "again or time.sleep(60)\n"
    "Path('src/a.txt').write_text('A')"
)


@pytest.fixture
def waiting(shell: Shell, home: Path) -> Iterator[Shell]:
    """A repository whose worker A never ends the first time; `home/begun` says that it began."""
    configure(shell.folder, {"A": FIRST_TIME, "B": PASSING["B"]})
    yield shell
    for process in psutil.process_iter(["cmdline"]):
        assert str(home) not in " ".join(process.info["cmdline"] or [])


def until(reached: Callable[[], bool]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_begun(home: Path) -> None:
    """Wait for the worker's mark."""
    until((home / "begun").exists)


def b_has_finished(shell: Shell) -> bool:
    """Whether worker B's bundle is recorded."""
    ledger = shell.folder / "tools/codex/runs/mine/LEDGER.jsonl"
    return b'"worker.finished","actor":"B_worker"' in ledger.read_bytes()


def stopped_by(shell: Shell, home: Path, number: int, *argv: str) -> Answer:
    """A oneshot that gets a signal when its worker has begun."""
    with start_process(shell.folder, "oneshot", "--run-id", "mine", *argv) as process:
        until_begun(home)
        until(lambda: b_has_finished(shell))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out.decode(), err.decode())


@posix
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_stops_the_run_cleanly_and_the_same_command_goes_on(
    waiting: Shell, home: Path, name: str, code: int
) -> None:
    answer = stopped_by(waiting, home, getattr(signal, name))
    assert answer.code == code
    assert answer.out.startswith("PENDING  mine\n")
    assert f"factory: stopped by {name}; go on with `factory oneshot --run-id mine`" in answer.err
    events = list(read_events(waiting.run_folder() / "LEDGER.jsonl"))
    assert (events[-1].event_type, said(events[-1])) == ("run.interrupted", {"cause": name})
    again = waiting("oneshot", "--run-id", "mine")
    assert again.code == 0
    assert "B RUNNING" not in again.err


@posix
def test_a_stopped_run_is_a_document_too(waiting: Shell, home: Path) -> None:
    answer = stopped_by(waiting, home, signal.SIGINT, "--json", "--quiet")
    document = answer.document
    assert (document["schema"], document["status"]) == ("factory.run/1", "PENDING")
    assert (document["exit_code"], document["interrupted"]) == (130, "SIGINT")


@posix
def test_sigint_counts_in_the_background_of_a_script_too(waiting: Shell, home: Path) -> None:
    ignoring = [sys.executable, "-c", "import signal, sys, os; signal.signal(2, signal.SIG_IGN); "]
    ignoring[2] += "os.execv(sys.executable, [sys.executable, '-m', 'factory_tui', 'oneshot'])"
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen(ignoring, cwd=waiting.folder, env=environment) as process:
        until_begun(home)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


@posix
def test_nohup_means_that_a_lost_terminal_is_no_reason_to_stop(shell: Shell, home: Path) -> None:
    configure(shell.folder, {"A": "Path(os.environ['HOME'], 'begun').touch()\ntime.sleep(0.5)"})
    root = str(Path(__file__).parents[2])
    code = "import signal, sys, os; signal.signal(1, signal.SIG_IGN); "
    code += "os.execv(sys.executable, [sys.executable, '-m', 'factory_tui', 'oneshot'])"
    environment = {**os.environ, "PYTHONPATH": root}
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, cwd=shell.folder, env=environment) as process:
        until_begun(home)
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 0


def test_cancel_stops_the_run_of_another_process(waiting: Shell, home: Path) -> None:
    with start_process(waiting.folder, "oneshot", "--run-id", "mine", "--json") as process:
        until_begun(home)
        answer = waiting("cancel", "--run-id", "mine")
        out, err = process.communicate(timeout=60)
    assert (answer.code, answer.out) == (0, "stopped mine\n")
    assert process.returncode == 3, err
    assert json.loads(out)["interrupted"] == "cancel"


def test_cancelling_a_run_that_nobody_drives_is_no_mistake(reader: Shell) -> None:
    answer = reader("cancel", "--run-id", "good", "--json")
    assert answer.code == 0
    assert answer.document == {"schema": "factory.cancel/1", "run_id": "good", "stopped": False}


@posix
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_goes_away_changes_nothing(shell: Shell, closed: str) -> None:
    configure(shell.folder, {"A": "time.sleep(0.3)\nPath('outside').touch()"})
    with start_process(shell.folder, "oneshot") as process:
        stream = getattr(process, closed)
        stream.close()
        setattr(process, closed, None)
        rest = process.stderr if closed == "stdout" else process.stdout
        assert rest is not None
        said = rest.read().decode()
        process.wait(timeout=60)
    assert process.returncode == 2
    assert "Traceback" not in said
    assert "Broken" not in said
    report = shell.run_folder() / "Z_integrator/FINAL_REPORT.txt"
    assert report.read_text().startswith("STATUS: BLOCKED")


@posix
@pytest.mark.parametrize(
    "argv", [["--help"], ["runs"], ["ledger"], ["config"], ["schema", "factory.run/1"]]
)
def test_head_may_close_the_pipe_of_any_answer(reader: Shell, argv: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    answer = run_process(reader.folder, *argv, stdout=write)
    os.close(write)
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_result_that_cannot_be_written_is_one_line_and_1(reader: Shell) -> None:
    with open("/dev/full", "wb") as full:
        answer = run_process(reader.folder, "print-report", "--quiet", stdout=full)
    assert answer.code == 1
    assert answer.error == "standard output cannot be written: No space left on device"


@posix
def test_closed_streams_are_no_trouble(reader: Shell) -> None:
    command = f'"{sys.executable}" -m factory_tui print-report --run-id bad >&- 2>&- <&-'
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command, shell=True, cwd=reader.folder, env=environment, check=False, timeout=60
    )
    assert done.returncode == 0
