"""`factory runs`, and the short way that plain listings take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_engine.artifacts.names import LEDGER, MANIFEST, WORK
from factory_engine.checkouts.workspace import remove_workspace
from factory_engine.config.paths import CONFIG_FILE
from factory_engine.git.repository_name import common_folder, folder_name
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import HOLDER
from factory_engine.run_lock import hold
from factory_engine.runs import records
from factory_tui.cli import plain_options
from factory_tui.cli.arguments import command_parser
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


# --- without a parser ---------------------------------------------------------------------------


def test_the_light_listing_knows_the_names_that_the_engine_uses() -> None:
    assert f"{WORK}/{HOLDER}" == records.HOLDER


@pytest.mark.parametrize(
    "argv", [["ledger"], ["ledger", "--raw-events"], ["runs"], ["runs", "--all"]]
)
def test_options_that_are_left_out_are_those_of_the_parser(argv: list[str]) -> None:
    parsed = vars(command_parser("factory", argv[0]).parse_all(argv[1:]))
    plain = vars(plain_options.read(argv))
    assert plain.pop("start") == str(parsed.pop("start"))
    assert plain == {name: value for name, value in parsed.items() if name in plain}
    assert parsed.keys() - plain.keys() == {"command", "execute"}


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
def test_the_answer_is_the_same_without_a_parser(many: Shell, argv: list[str]) -> None:
    assert plain_options.read(argv) is not None
    assert plain_options.read([*argv, "-C", "."]) is None
    assert many.bare(*argv) == many.bare(*argv, "-C", ".")


@pytest.mark.parametrize("argv", COMMANDS)
def test_pinned_ids_stand_where_their_first_event_says(many: Shell, argv: list[str]) -> None:
    make_run(many.folder, "pinned", "2026-02-05T12:00:00")
    make_run(many.folder, "a_name_20260101T000000Z_01234567_x01", "2026-02-06T12:00:00")
    make_run(many.folder, "oneshot_20260299T000000Z_01234567_001", "2026-02-07T12:00:00")
    make_run(many.folder, made_id("2026-02-08T00:00:00", 1000), "2026-02-08T00:00:00")
    answer = many.bare(*argv)
    assert answer == many.bare(*argv, "-C", ".")
    everything = names(many("runs", "--all"))
    assert [
        everything.index(name) for name in (made_id("2026-02-08T00:00:00", 1000), "pinned")
    ] == [
        13,
        19,
    ]


@pytest.mark.parametrize(
    "argv",
    [["runs", "--limit", "-1"], ["runs", "x"], ["runs", "--all", "--limit", "1"], ["config"], []],
)
def test_other_words_are_left_to_the_parser(argv: list[str]) -> None:
    assert plain_options.read(argv) is None


def test_runs_that_lie_elsewhere_are_found(many: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert many.bare("runs").out
    with monkeypatch.context() as environment:
        environment.setenv("FACTORY_PATHS__RUNS_DIR", "nowhere")
        assert many.bare("runs").out == ""
    configure(many.folder, paths={"runs_dir": "nowhere"})
    assert many.bare("runs").out == ""
    (many.folder / CONFIG_FILE).write_text("{")
    assert many.bare("runs").code == 64


def test_a_line_that_is_no_event_is_complained_of(many: Shell) -> None:
    ledger_of_newest = many.run_folder(sorted(many.runs)[20]) / LEDGER
    ledger_of_newest.write_bytes(b"{}\n")
    assert many.bare("ledger").code == 2
    shutil.rmtree(many.folder / ".git")
    assert many.bare("runs").code == 2


def test_without_a_run_there_is_a_remark(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shell.folder)
    assert shell.bare("runs").err == "there is no run yet; start one with `factory oneshot`\n"
    assert shell.bare("ledger").err == "there is no run yet\n"


def test_workspaces_of_another_repository_are_not_counted(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shell.folder)
    make_run(shell.folder, "run", EARLY)
    name = folder_name(common_folder(str(shell.folder)))
    workspaces = Path.home() / ".cache/codex-factory/workspaces"
    for other in (f"{name.rpartition('-')[0]}-0123456789ab", name):
        (workspaces / other / "runs/one/A_worker").mkdir(parents=True)
        (workspaces / other / "runs/one/A_worker/file").write_bytes(b"x" * 1000)
        told = (
            "kept workspaces take 1.0 kB; `factory prune` removes them\n" if other == name else ""
        )
        assert shell.bare("runs").err == told
