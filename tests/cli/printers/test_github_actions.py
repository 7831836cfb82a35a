"""What a GitHub runner is told: nothing foreign becomes a command or markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from factory_engine.events import Draft, Finding
from factory_tui.cli import streams
from factory_tui.cli.printers.github_actions import SUMMARY_BYTES, annotation_commands, summary
from tests.cli.ledgers import created
from tests.cli.shell import Shell, configure
from tests.cli.states import (
    NASTY,
    blocked,
    passed,
    red_merge,
    red_on_base,
    stage,
    state_of,
    violation,
)

COMMAND = re.compile(r"::(error|warning|notice) ([a-z]+=[^,:]*,?)*::[^\r\n]*")


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """GitHub's environment; the file for the summary."""
    target = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    return target


def test_each_violation_is_an_annotation_at_its_file() -> None:
    state = state_of(blocked([violation(1), violation(2, severity="warning")]))
    assert list(annotation_commands(state)) == [
        "::error file=file-1.txt,title=SCOPE A_worker::matches no allowed pattern",
        "::warning file=file-2.txt,title=SCOPE A_worker::matches no allowed pattern",
    ]


def test_ten_of_a_kind_are_shown_and_the_others_counted() -> None:
    many = [violation(number) for number in range(30)]
    commands = list(annotation_commands(state_of(blocked(many, total=47))))
    assert len(commands) == 11
    assert commands[-1] == "::notice title=factory::and 37 more, see the summary"


def test_foreign_text_stays_inside_its_annotation() -> None:
    (command,) = annotation_commands(state_of(blocked([violation(nasty=True)])))
    assert COMMAND.fullmatch(command)
    assert "file=dir%2Cx%3Ay/%250A\\n%3A%3Aset-env name=a%3A%3Ab," in command


def test_a_blocked_preflight_is_annotated_and_a_passed_run_is_not() -> None:
    finding = Finding("git", "block", "too old", "install a newer")
    begins, ends = stage("preflight", "BLOCKED")
    drafts = [created(), begins, Draft(finding), ends]
    assert list(annotation_commands(state_of(drafts))) == ["::error title=preflight git::too old"]
    assert list(annotation_commands(state_of(passed()))) == []


def test_a_red_check_explains_itself() -> None:
    (on_base,) = annotation_commands(state_of(red_on_base()))
    assert on_base == (
        "::error title=BASELINE Z_integrator::unit exit 1 on base already, without any worker's"
        " change%0A| collected 1 item%0A| 1 failed%0Awhat it did not have: the network was off;"
        " variables withheld: DATABASE_URL"
    )
    (merged,) = annotation_commands(state_of(red_merge(["B_worker"])))
    assert merged.endswith("unit fails with the change of B_worker alone")


def test_what_a_check_said_stays_inside_its_annotation_and_its_quotation(tmp_path: Path) -> None:
    state = state_of(red_on_base(NASTY))
    (command,) = annotation_commands(state)
    assert COMMAND.fullmatch(command)
    text = summary(state, tmp_path).decode()
    quoted = text[text.index("<pre>") : text.index("</pre>")]
    assert "&lt;b&gt;" in quoted
    assert "\\n::error" in quoted
    assert "\x1b" not in text


def test_the_summary_holds_a_table_of_workers_and_one_of_problems(tmp_path: Path) -> None:
    text = summary(state_of(blocked([violation(1)])), tmp_path).decode()
    assert text.startswith("### Factory: BLOCKED\n")
    assert "| A&#95;worker | BLOCKED | 2 files +3 -1 |" in text
    assert "| SCOPE | A&#95;worker | file-1.txt | matches no allowed pattern |" in text


def test_foreign_text_in_the_summary_is_no_markup(tmp_path: Path) -> None:
    text = summary(state_of(blocked([violation(nasty=True)])), tmp_path).decode()
    (row,) = [line for line in text.splitlines() if line.startswith("| SCOPE")]
    assert row.count("|") == 5
    assert not re.search(r"[<>*_`\[\]@\x1b\u202e]", row.replace("&#", ""))


def test_a_summary_never_exceeds_its_limit(tmp_path: Path) -> None:
    (tmp_path / "Z_integrator").mkdir()
    line = "<script>é" * 20 + "\n\n"
    (tmp_path / "Z_integrator/FINAL_REPORT.txt").write_text(line * 8000, encoding="utf-8")
    data = summary(state_of(passed()), tmp_path)
    assert SUMMARY_BYTES * 0.9 < len(data) <= SUMMARY_BYTES + 100
    text = data.decode()
    assert "<script>" not in text
    assert text.endswith("</pre></details>\n\n*truncated*\n")


def test_a_run_in_actions_writes_summary_and_annotations_and_keeps_stdout_pure(
    shell: Shell, actions: Path
) -> None:
    configure(shell.folder, {"A": "Path('outside.txt').write_text('x')"})
    actions.write_text("before\n")
    answer = shell("oneshot", "--json")
    assert answer.code == 2
    assert answer.document["status"] == "BLOCKED"
    assert "::error file=outside.txt,title=SCOPE A_worker::" in answer.err
    assert actions.read_text().startswith("before\n### Factory: BLOCKED\n")


def test_a_summary_that_cannot_be_written_does_not_change_the_verdict(
    shell: Shell, actions: Path
) -> None:
    actions.mkdir()
    answer = shell("oneshot", "--dry-run")
    assert answer.code == 0
    assert "the step summary cannot be written" in answer.err


def test_nothing_that_is_printed_in_actions_is_a_command(reader: Shell, actions: Path) -> None:
    report = reader.run_folder("bad") / "Z_integrator/FINAL_REPORT.txt"
    report.write_text("STATUS: BLOCKED\n::set-output name=a::b\n  ::error::x\nsee ##[group]x\n")
    printed = reader("print-report", "--run-id", "bad").out
    assert not re.search(r"^\s*::", printed, re.MULTILINE)
    assert "##[" not in printed
    as_json = reader("print-report", "--run-id", "bad", "--json")
    assert "##[" not in as_json.out
    assert "see ##[group]x" in as_json.document["text"]


def test_outside_actions_nothing_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    streams.write_out(f"::x {NASTY}\n")
    assert capsys.readouterr().out == f"::x {NASTY}\n"
