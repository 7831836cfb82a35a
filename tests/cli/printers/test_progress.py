"""What is shown while a run goes on: lines, heartbeats, the live table."""

from __future__ import annotations

import io
import sys
from collections import deque
from dataclasses import replace

import pytest
from rich.console import Console

from factory_engine.clock import Clock, from_rfc3339
from factory_engine.events import (
    CheckFinished,
    Draft,
    WorkerChecked,
    WorkerHeard,
    WorkerRetried,
    WorkerSession,
    WorkerStalled,
    WorkerStarted,
)
from factory_engine.ledger import read_events
from factory_tui.cli.printers.choice import progress_for
from factory_tui.cli.printers.live import LiveTable, screen
from factory_tui.cli.printers.progress import Lines, Progress
from factory_tui.cli.printers.style import colored, plain, table
from factory_tui.text.events import line_of
from factory_tui.text.units import duration
from tests.cli.ledgers import activity, created
from tests.cli.states import (
    NASTY,
    blocked,
    events,
    judged,
    passed,
    stage,
    state_of,
    violation,
    worker,
)
from tests.support.golden_runs import GOLDEN, STORIES

NOON = from_rfc3339("2026-01-31T12:00:00.000000Z")


def lines(*, everything: bool = False) -> tuple[Lines, list[str]]:
    """A printer of lines and what it prints."""
    written: list[str] = []
    clock = Clock(frozen_us=NOON + 90_000_000)
    return Lines(written.append, plain, everything=everything, clock=clock), written


def test_each_change_of_a_status_is_one_line() -> None:
    progress, written = lines()
    for event in events([created(), *stage("launch")[:1], *worker("A", "BLOCKED", "timed out")]):
        progress.event(event)
    assert written == [
        "12:00:01 - CREATED  run from main (0123456789ab)\n",
        "12:00:02 - RUNNING  launch\n",
        "12:00:03 A RUNNING  agent command\n",
        "12:00:05 A EXITED   timed out after 2.5 s\n",
        "12:00:06 A BLOCKED  2 files +3 -1; timed out\n",
    ]


def test_a_bundle_that_is_judged_as_before_is_not_told_again() -> None:
    progress, written = lines()
    for event in events([created(), judged("A"), judged("A"), judged("A", [violation()])]):
        progress.event(event)
    assert written[1:] == [
        "12:00:02 A PASS     bundle is valid\n",
        "12:00:04 A BLOCKED  bundle: SCOPE\n",
    ]


def test_a_red_check_is_told_with_its_last_line() -> None:
    progress, written = lines()
    red = WorkerChecked("unit", True, "BLOCKED", "exit 1")
    drafts = [
        created(),
        Draft(replace(red, last_words="1 failed"), "A_worker", rc=1),
        Draft(replace(red, required=False), "A_worker", rc=1),
        Draft(CheckFinished("unit", True, "PASS", ""), "Z_integrator", rc=0),
    ]
    for event in events(drafts):
        progress.event(event)
    assert written[1:] == [
        "12:00:02 A BLOCKED  check unit: exit 1: 1 failed\n",
        "12:00:03 A BLOCKED  optional check unit: exit 1\n",
        "12:00:04 Z PASS     check unit: rc 0\n",
    ]


def test_silence_and_another_try_are_told() -> None:
    progress, written = lines()
    drafts = [
        created(),
        Draft(WorkerStarted(1, 2, "x"), "A_worker"),
        Draft(WorkerSession("s"), "A_worker"),
        Draft(WorkerStalled(130, "running `make`"), "A_worker"),
        Draft(WorkerHeard(190), "A_worker"),
        Draft(WorkerRetried(1, "cut", delay_s=2.5), "A_worker"),
        Draft(WorkerStarted(2, 2, "x", continues=True), "A_worker"),
    ]
    for event in events(drafts):
        progress.event(event)
    assert [line[11:] for line in written[2:]] == [
        "STALLED  silent for 2m10s, last seen running `make`\n",
        "RUNNING  speaks again after 3m10s\n",
        "RETRY    in 2.5 s, after attempt 1: cut\n",
        "RUNNING  agent x, attempt 2 of 2, goes on with its session\n",
    ]


def test_everything_is_a_line_an_event() -> None:
    progress, written = lines(everything=True)
    for event in events(passed()):
        progress.event(event)
    assert len(written) == len(passed())
    assert "12:00:06 A RUNNING  working\n" in written


def test_every_type_of_event_has_words_of_its_own() -> None:
    for event in (event for name in STORIES for event in read_events(GOLDEN / f"{name}.jsonl")):
        assert line_of(event, state_of([created()])).word != event.event_type


def test_foreign_text_is_escaped_and_stays_on_one_line() -> None:
    progress, written = lines(everything=True)
    for event in events([created(), activity("A", NASTY)]):
        progress.event(event)
    assert written[1].count("\n") == 1
    assert "\x1b" not in written[1]
    assert "\\x1b[31m\\u{202e}" in written[1]


def test_a_heartbeat_says_what_is_running_and_for_how_long() -> None:
    progress, written = lines()
    progress.tick()
    assert written == []
    begin = [created(), stage("launch")[0], *worker("A")[:2], *worker("B")[:1]]
    for event in events(begin):
        progress.event(event)
    written.clear()
    progress.tick()
    assert written == ["12:01:30 - RUNNING  launch for 1m29s: A working, B\n"]


def test_colour_only_repeats_the_word() -> None:
    written: list[str] = []
    progress = Lines(written.append, colored)
    for event in events([created(), *worker("A")]):
        progress.event(event)
    assert written[-1] == "12:00:05 A \x1b[32mPASS    \x1b[0m 2 files +3 -1\n"
    assert colored("RUN") == "RUN"


def test_a_table_is_aligned_and_has_no_trailing_spaces() -> None:
    assert table([["a", "bb"], ["ccc", ""]], ["X", "YY"]) == ["X    YY", "a    bb", "ccc"]
    assert table([], ["X"]) == []


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (59_999, "60.0 s"),
        (60_000, "1m00s"),
        (7_500_000, "2h05m"),
    ],
)
def test_durations_are_short(milliseconds: int, words: str) -> None:
    assert duration(milliseconds * 1000) == words


@pytest.mark.parametrize("width", [1, 20, 40, 80, 200])
@pytest.mark.parametrize("drafts", [[], passed(), blocked([violation(nasty=True)])])
def test_the_live_table_fits_any_width(width: int, drafts: list) -> None:  # type: ignore[type-arg]
    console = Console(width=width, height=24, record=True, file=io.StringIO())
    recent = deque([line_of(event, state_of(drafts)) for event in events(drafts)], maxlen=5)
    console.print(screen(state_of(drafts), recent, NOON))
    shown = console.export_text()
    assert max(map(len, shown.splitlines())) <= width
    if width >= 80 and drafts:
        assert "A  " in shown
        assert "PASS" in shown


def test_the_live_table_survives_a_terminal_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        encoding = "utf-8"

        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

        def flush(self) -> None:
            raise OSError(5, "Input/output error")

        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    monkeypatch.setenv("TERM", "xterm")
    progress = LiveTable(color=True)
    for event in events(passed()):
        progress.event(event)
        progress.tick()
    progress.close()
    assert progress.state.status == "PASS"


class Quiet:
    """An output without colour."""

    quiet = True
    color_err = False


class Loud(Quiet):
    """An output with progress."""

    quiet = False


def test_quiet_shows_nothing_and_a_pipe_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(progress_for(Quiet())) is Progress  # type: ignore[arg-type]
    assert type(progress_for(Loud())) is Lines  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}, LiveTable),
        ({"TERM": "dumb", "COLUMNS": "80", "LINES": "24"}, Lines),
        ({"TERM": "xterm", "COLUMNS": "80", "LINES": "24", "CI": "1"}, Lines),
        ({"TERM": "xterm", "COLUMNS": "1", "LINES": "1"}, Lines),
    ],
)
def test_a_terminal_gets_the_table_where_it_can_show_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: type
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("factory_tui.cli.printers.choice.is_terminal", lambda stream: True)
    progress = progress_for(Loud())  # type: ignore[arg-type]
    progress.close()
    assert type(progress) is expected
