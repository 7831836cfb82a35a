"""`factory ledger`: which events, in which order, in which form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory_engine.events import Draft, EventType
from factory_engine.ledger_tail import BLOCK, backwards
from factory_tui.cli.documents.run_models import LedgerDocument
from tests.cli.ledgers import activity, finished, made_id, make_run
from tests.cli.shell import Shell
from tests.support.event_json import anything

EARLY, LATE = "2026-01-31T12:00:00", "2026-02-01T08:30:00"


@pytest.fixture
def two(shell: Shell) -> Shell:
    """A repository with two runs of a few events each."""
    make_run(shell.folder, made_id(EARLY), EARLY, [activity("A", "first"), finished()])
    make_run(
        shell.folder,
        made_id(LATE),
        LATE,
        [activity("B", "second"), activity("A", "third"), finished("BLOCKED", "SCOPE x")],
    )
    return shell


def sequence(out: str) -> list[tuple[str, int]]:
    """Run id and number of each line of JSON."""
    events = [json.loads(line) for line in out.splitlines()]
    return [(event["run_id"], event["seq"]) for event in events]


def test_the_table_of_all_runs_is_in_the_order_of_time(two: Shell) -> None:
    answer = two("ledger")
    assert (answer.code, answer.err) == (0, "")
    header, *rows = [line.split() for line in answer.out.splitlines()]
    assert header == ["TIME", "RUN", "SEQ", "ACTOR", "TYPE", "DETAILS"]
    assert [row[1:3] for row in rows] == [
        *([made_id(EARLY), str(n)] for n in (1, 2, 3)),
        *([made_id(LATE), str(n)] for n in (1, 2, 3, 4)),
    ]
    assert "status=BLOCKED reason=SCOPE x" in answer.out


def test_a_limit_leaves_the_newest(two: Shell) -> None:
    assert sequence(two("ledger", "--raw-events", "--limit", "2").out) == [
        (made_id(LATE), 3),
        (made_id(LATE), 4),
    ]


def test_events_of_one_instant_are_sorted_by_type_then_run(shell: Shell) -> None:
    for number in (2, 1):
        make_run(shell.folder, made_id(EARLY, number), EARLY, [finished()])
    make_run(shell.folder, "zzz", EARLY, [activity("A", "x")])
    answer = shell("ledger", "--raw-events")
    one, other = made_id(EARLY, 1), made_id(EARLY, 2)
    assert sequence(answer.out) == [
        (one, 1),
        (other, 1),
        ("zzz", 1),
        (one, 2),
        (other, 2),
        ("zzz", 2),
    ]


def test_raw_events_are_the_lines_of_the_file(two: Shell) -> None:
    run_id = made_id(LATE)
    answer = two("ledger", "--raw-events", "--run-id", run_id)
    assert answer.out == (two.run_folder(run_id) / "LEDGER.jsonl").read_text()


def test_a_named_run_is_shown_whole_without_a_limit(shell: Shell) -> None:
    make_run(shell.folder, "long", EARLY, [activity("A", str(n)) for n in range(120)])
    assert len(sequence(shell("ledger", "--raw-events", "--run-id", "long").out)) == 121
    assert len(sequence(shell("ledger", "--raw-events").out)) == 50
    assert len(sequence(shell("ledger", "--raw-events", "--limit", "70").out)) == 70


def test_an_older_run_that_goes_on_is_among_the_newest_events(shell: Shell) -> None:
    for day in range(2, 8):
        make_run(shell.folder, made_id(f"2026-02-0{day}T00:00:00"), f"2026-02-0{day}T00:00:00")
    make_run(shell.folder, made_id(EARLY), "2026-03-01T00:00:00", [finished()])
    answer = shell("ledger", "--raw-events", "--limit", "2")
    assert sequence(answer.out) == [(made_id(EARLY), 1), (made_id(EARLY), 2)]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--since", "2026-02-01T08:30:00.000002Z"], [("L", 3), ("L", 4)]),
        (["--since", "2026-02-01T10:30:00.000003+02:00"], [("L", 4)]),
        (["--since", "2026-02-01"], [("L", 1), ("L", 2), ("L", 3), ("L", 4)]),
        (["--since", "1d"], []),
        (["--actor", "A"], [("E", 2), ("L", 3)]),
        (["--actor", "a_worker"], []),
        (["--actor", "Z"], [("E", 3), ("L", 4)]),
        (["--actor", "factory"], [("E", 1), ("L", 1)]),
        (["--event-type", "worker.activity", "--limit", "2"], [("L", 2), ("L", 3)]),
        (["--event-type", "run.*"], [("E", 1), ("E", 3), ("L", 1), ("L", 4)]),
        (["--status", "blocked"], [("L", 4)]),
        (["--status", "PASS", "--actor", "Z"], [("E", 3)]),
    ],
)
def test_filters_choose_among_the_events(
    two: Shell, argv: list[str], expected: list[tuple[str, int]]
) -> None:
    ids = {"E": made_id(EARLY), "L": made_id(LATE)}
    answer = two("ledger", "--raw-events", *argv)
    assert sequence(answer.out) == [(ids[run], number) for run, number in expected]
    assert answer.err == ("" if expected else "no event\n")


def test_the_events_as_a_document(two: Shell) -> None:
    answer = two("ledger", "--json", "--limit", "3")
    document = LedgerDocument.model_validate(answer.document)
    assert [event.seq for event in document.events] == [2, 3, 4]


def test_foreign_text_is_escaped_in_the_table_and_in_json(shell: Shell) -> None:
    make_run(shell.folder, "run", EARLY, [activity("A", "\x1b[31m\nFAKE\u202e\x7f")])
    table = shell("ledger")
    assert "text=\\x1b[31m\\nFAKE\\u{202e}\\x7f" in table.out
    for answer in (shell("ledger", "--raw-events"), shell("ledger", "--json")):
        assert answer.out.isascii()
        assert "\x1b" not in answer.out
        assert "\x7f" not in answer.out


def test_what_stands_before_a_broken_line_is_not_lost(two: Shell) -> None:
    ledger = two.run_folder(made_id(LATE)) / "LEDGER.jsonl"
    lines = ledger.read_bytes().splitlines()
    lines[1] = b'{"no": "event"}'
    ledger.write_bytes(b"\n".join(lines) + b"\n")
    answer = two("ledger", "--raw-events", "--run-id", made_id(LATE))
    assert answer.code == 2
    assert sequence(answer.out) == [(made_id(LATE), 3), (made_id(LATE), 4)]
    assert "a line cannot be read" in answer.error


def test_a_torn_line_is_passed_over(two: Shell) -> None:
    ledger = two.run_folder(made_id(LATE)) / "LEDGER.jsonl"
    with ledger.open("ab") as file:
        file.write(b'{"schema_version":1,"run')
    answer = two("ledger", "--raw-events", "--limit", "1")
    assert (answer.code, sequence(answer.out)) == (0, [(made_id(LATE), 4)])


def test_a_line_that_is_longer_than_a_block_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = [b"a" * 10, b"b" * (BLOCK * 3), b"", b"\0" * 9, b"c" * BLOCK, b"d"]
    path.write_bytes(b"\n".join(lines) + b"\ntorn")
    assert list(backwards(str(path))) == [lines[5], lines[4], lines[1], lines[0]]


def test_a_file_without_a_newline_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    for content in (b"", b"torn", b"\0" * 100):
        path.write_bytes(content)
        assert list(backwards(str(path))) == []


def test_an_event_of_a_later_version_is_shown(shell: Shell) -> None:
    sang = anything("worker.sang", {"song": ["la", 1], "deep": {"x": 1}})
    later = Draft(sang, "A_worker")
    make_run(shell.folder, "run", EARLY, [later])
    answer = shell("ledger", "--run-id", "run")
    assert "worker.sang" in answer.out
    assert "song=la,1 deep={1}" in answer.out
    assert EventType.RUN_CREATED in answer.out
