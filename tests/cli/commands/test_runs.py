"""`factory runs`, and the short way that plain listings take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_engine.config import locations
from factory_engine.git.workspace import remove_workspace
from factory_engine.run_folder import LEDGER, MANIFEST, RunFolder
from factory_engine.run_holder import HOLDER
from factory_engine.run_lock import hold
from factory_tui.cli import quick
from factory_tui.cli.commands import ledger, runs
from factory_tui.cli.documents.run_models import RunsDocument
from factory_tui.cli.printers.runs_table import age
from tests.cli.ledgers import activity, finished, made_id, make_run
from tests.cli.shell import Answer, Shell, configure

EARLY, LATE = "2026-01-31T12:00:00", "2026-02-01T08:30:00"


def names(answer: Answer) -> list[str]:
    """The ids in the table."""
    return [line.split()[0] for line in answer.out.splitlines()[1:]]


def test_the_newest_run_comes_first(shell: Shell) -> None:
    make_run(shell.folder, made_id(EARLY), EARLY)
    make_run(shell.folder, "pinned", LATE, [finished("BLOCKED", "SCOPE a.txt")])
    answer = shell("runs")
    assert answer.code == 0
    header, newest, oldest = answer.out.splitlines()
    assert header.split() == ["RUN", "AGE", "STATUS", "WORKERS", "FILES", "BASE", "REASON"]
    assert newest.split()[0] == "pinned"
    assert "BLOCKED  Av Bv Cv D!  3      main@01234567  SCOPE a.txt" in newest
    assert oldest.split()[0] == made_id(EARLY)


def test_twenty_are_listed_and_the_others_counted(shell: Shell) -> None:
    for hour in range(23):
        moment = f"2026-01-31T{hour:02}:00:00"
        make_run(shell.folder, made_id(moment), moment)
    answer = shell("runs")
    assert len(names(answer)) == 20
    assert answer.err == "3 older runs: --all\n"
    assert len(names(shell("runs", "--all"))) == 23
    assert names(shell("runs", "--limit", "2")) == [
        made_id(f"2026-01-31T{h}:00:00") for h in (22, 21)
    ]


def test_a_run_without_a_verdict_is_pending_and_one_that_is_driven_runs(shell: Shell) -> None:
    folder = make_run(shell.folder, "run", EARLY, [activity("A", "x")])
    assert " PENDING  A. B. C. D." in shell("runs").out
    with hold(RunFolder(folder).work, "oneshot"):
        assert " RUNNING " in shell("runs").out


def test_a_ledger_that_cannot_be_read_is_listed_as_such(shell: Shell) -> None:
    folder = make_run(shell.folder, made_id(EARLY), EARLY)
    (folder / LEDGER).write_bytes(b"nonsense\n")
    answer = shell("runs")
    assert answer.code == 0
    assert f"{made_id(EARLY)}  -    UNREADABLE" in answer.out


def test_the_runs_as_a_document(shell: Shell) -> None:
    for hour in range(3):
        moment = f"2026-01-31T0{hour}:00:00"
        make_run(shell.folder, made_id(moment), moment)
    answer = shell("runs", "--json", "--limit", "2")
    document = RunsDocument.model_validate(answer.document)
    assert (len(document.runs), document.total, document.workspaces_bytes) == (2, 3, 0)
    assert document.runs[0].workers["D_worker"] == "PASS"


def test_kept_workspaces_are_told_of(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(shell.folder, {"A": "print('x')\nsys.exit(1)"})
    monkeypatch.chdir(shell.folder)
    shell.bare("oneshot")
    for answer in (shell.bare("runs"), shell("runs")):
        assert "kept workspaces take " in answer.err
    removed = shell("prune")
    assert removed.out.startswith("workspaces  ")
    assert shell.bare("runs").err == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86_400, "1d"), (-5, "0s")],
)
def test_an_age_is_one_number(seconds: int, words: str) -> None:
    moment = 1_769_860_800  # 2026-01-31T12:00:00Z
    assert age("2026-01-31T12:00:00.000000Z", (moment + seconds) * 1_000_000) == words


def test_an_age_that_nobody_knows_is_a_dash() -> None:
    assert age("", 0) == age("yesterday", 0) == "-"


# --- the short way ------------------------------------------------------------------------------


def test_the_short_way_knows_the_names_that_the_engine_uses() -> None:
    assert (quick.RUNS_DIR, quick.CONFIG_FILE) == (locations.RUNS_DIR, locations.CONFIG_FILE)
    assert (LEDGER, MANIFEST, f"work/{HOLDER}") == (quick.LEDGER, quick.MANIFEST, quick.HOLDER)
    assert (quick.LEDGER_LIMIT, quick.RUNS_LIMIT) == (ledger.LIMIT, runs.LIMIT)


@pytest.fixture
def many(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A repository with thirty runs, some of them of one second; commands start in it."""
    for number in range(1, 10):
        folder = make_run(shell.folder, made_id(EARLY, number), EARLY, [activity("A", "x")])
        os.utime(folder / MANIFEST, (number % 4, number % 4))
    for day in range(1, 22):
        moment = f"2026-02-{day:02}T00:00:00"
        make_run(shell.folder, made_id(moment, kind="launch"), moment)
    (shell.folder / "below").mkdir()
    monkeypatch.chdir(shell.folder / "below")
    yield shell
    remove_workspace(shell.folder)


COMMANDS = [
    ["runs"],
    ["runs", "--limit", "3"],
    ["runs", "--limit", "25"],
    ["runs", "--limit", "100"],
    ["ledger"],
    ["ledger", "--limit", "50"],
    ["ledger", "--limit", "7", "--raw-events"],
    ["ledger", "--raw-events", "--limit", "1000"],
]


@pytest.mark.parametrize("argv", COMMANDS)
def test_the_short_way_gives_the_same_answer(many: Shell, argv: list[str]) -> None:
    short = many.bare(*argv)
    assert quick.answer(argv)
    ordinary = many.bare(*argv, "-C", ".")
    assert not quick.answer([*argv, "-C", "."])
    assert short == ordinary


@pytest.mark.parametrize("argv", COMMANDS)
def test_the_short_way_takes_pinned_ids_too(many: Shell, argv: list[str]) -> None:
    make_run(many.folder, "pinned", "2026-02-05T12:00:00")
    make_run(many.folder, "a_name_20260101T000000Z_01234567_x01", "2026-02-06T12:00:00")
    assert many.bare(*argv) == many.bare(*argv, "-C", ".")


def test_the_short_way_is_not_taken_where_it_would_mislead(
    many: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quick.answer(["runs"])
    for name in ("FACTORY_PATHS__RUNS_DIR", "factory_paths__runs_dir", "SOURCE_DATE_EPOCH"):
        with monkeypatch.context() as environment:
            environment.setenv(name, "1")
            assert not quick.answer(["runs"])
    for argv in (["runs", "--all"], ["runs", "--limit", "-1"], ["runs", "x"], ["config"], []):
        assert not quick.answer(argv)
    newest = many.run_folder(many.runs[20])
    with hold(RunFolder(newest).work, "oneshot"):
        assert not quick.answer(["runs"])
    assert quick.answer(["runs"])
    configure(many.folder, paths={"runs_dir": "elsewhere"})
    assert not quick.answer(["runs"])
    configure(many.folder)
    assert quick.answer(["runs"])
    (many.folder / quick.CONFIG_FILE).write_text("{")
    assert not quick.answer(["runs"])


def test_the_short_way_leaves_complaints_to_the_ordinary_one(many: Shell) -> None:
    ledger_of_newest = many.run_folder(sorted(many.runs)[20]) / LEDGER
    ledger_of_newest.write_bytes(b"{}\n")
    assert not quick.answer(["ledger"])
    assert many.bare("ledger").code == 2
    shutil.rmtree(many.folder / ".git")
    assert not quick.answer(["runs"])


def test_without_a_run_the_short_way_is_not_taken(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(shell.folder)
    assert not quick.answer(["runs"])
    assert shell.bare("runs").err == "there is no run yet; start one with `factory oneshot`\n"
