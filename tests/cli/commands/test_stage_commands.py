"""Commands that drive a run: what they print, what they end with, what they leave."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_tui.cli.documents.run_models import RunDocument
from tests.cli.shell import PASSING, Shell, configure, run_process
from tests.support.event_json import said

LINE = re.compile(r"\d\d:\d\d:\d\d [A-Z-] \S+( .*)?")


def verdict_everywhere(folder: Path) -> set[str]:
    """The verdict as report, status file and last event have it."""
    report = (folder / "Z_integrator/FINAL_REPORT.txt").read_text().splitlines()[0]
    status = json.loads((folder / "Z_integrator/STATUS.json").read_bytes())["status"]
    last = list(read_events(folder / "LEDGER.jsonl"))[-1]
    return {report.removeprefix("STATUS: "), status, said(last)["status"]}


def test_a_dry_run_passes_and_says_that_it_is_one(shell: Shell) -> None:
    answer = shell("oneshot", "--base-ref", "HEAD", "--dry-run")
    assert answer.code == 0
    assert answer.out.startswith("PASS  oneshot_")
    assert "(dry run)" in answer.out.splitlines()[0]
    assert verdict_everywhere(shell.run_folder()) == {"PASS"}


def test_a_run_that_passes_ends_with_0_and_the_command_to_go_on_with(shell: Shell) -> None:
    configure(shell.folder, checks=[{"name": "tests", "run": ["git", "--version"]}])
    answer = shell("oneshot")
    assert answer.code == 0
    first, *rest = answer.out.splitlines()
    assert first == f"PASS  {shell.runs[0]}  2 files +2 -1"
    assert "PASS  check tests, rc 0" in rest
    assert rest[-1] == f"next    factory apply --run-id {shell.runs[0]}"
    assert verdict_everywhere(shell.run_folder()) == {"PASS"}


def test_a_blocked_run_ends_with_2_and_names_what_blocks(shell: Shell) -> None:
    configure(shell.folder, {"A": "Path('outside.txt').write_text('x')"})
    answer = shell("oneshot")
    assert answer.code == 2
    assert answer.out.startswith("BLOCKED  ")
    assert "SCOPE  A_worker  outside.txt" in answer.out
    assert verdict_everywhere(shell.run_folder()) == {"BLOCKED"}


def test_a_red_check_names_its_culprit(shell: Shell) -> None:
    check = ["git", "diff", "--no-index", "--quiet", "src/a.txt", "src/b.txt"]
    red = {"name": "same", "run": ["git", "hash-object", "missing"]}
    configure(
        shell.folder,
        {"A": "Path('src/a.txt').write_text('b\\n')", "B": PASSING["B"]},
        integrator={"checks": [red, {"name": "d", "run": check}], "baseline": "off"},
    )
    answer = shell("oneshot", "--json")
    document = RunDocument.model_validate(answer.document)
    assert document.exit_code == answer.code == 2
    assert document.culprits == {"same": []}
    assert {check.name: check.status for check in document.checks} == {
        "same": "BLOCKED",
        "d": "PASS",
    }


def test_a_run_without_any_task_is_blocked_at_preflight(shell: Shell) -> None:
    answer = shell("oneshot")
    assert answer.code == 2
    assert "BLOCK  tasks: no worker has a task" in answer.out


def test_progress_is_a_line_for_each_change_on_stderr(shell: Shell) -> None:
    configure(shell.folder)
    answer = shell("oneshot")
    lines = answer.err.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    words = [line.split(maxsplit=3)[1:] for line in lines]
    assert words[0][:2] == ["-", "CREATED"]
    assert ["A", "RUNNING", "agent command"] in words
    assert ["A", "PASS", "1 file +1 -1"] in words
    assert words[-1][:2] == ["Z", "PASS"]


def test_quiet_leaves_the_result_only(shell: Shell) -> None:
    answer = shell("oneshot", "--dry-run", "--quiet")
    assert answer.err == ""
    assert answer.out.startswith("PASS  ")


def test_json_is_one_document_that_keeps_to_its_model(shell: Shell) -> None:
    configure(shell.folder)
    answer = shell("oneshot", "--json")
    document = RunDocument.model_validate(answer.document)
    assert (document.status, document.exit_code, answer.code) == ("PASS", 0, 0)
    assert [stage.status for stage in document.stages] == ["PASS"] * 5
    assert {w.id: (w.status, w.files) for w in document.workers} == {
        "A_worker": ("PASS", 1),
        "B_worker": ("PASS", 1),
        "C_worker": ("PASS", 0),
        "D_worker": ("PASS", 0),
    }
    folder = shell.run_folder(document.run_id)
    assert all((folder / relative).is_file() for relative in document.artifacts.values())
    last = list(read_events(folder / "LEDGER.jsonl"))[-1]
    assert (document.ledger.seq, document.ledger.head) == (last.seq, last.event_id)


def test_the_stages_one_by_one_come_to_the_same_verdict(shell: Shell) -> None:
    configure(shell.folder)
    launched = shell("launch", "--base-ref", "HEAD")
    assert launched.code == 0
    assert launched.out.startswith(f"PENDING  {shell.runs[0]}")
    assert launched.out.endswith(f"next    factory bundle-validate --run-id {shell.runs[0]}\n")
    validated = shell("bundle-validate", "--run-id", shell.runs[0])
    assert validated.code == 0
    assert validated.out.endswith(f"next    factory integrate --run-id {shell.runs[0]}\n")
    integrated = shell("integrate", "--run-id", shell.runs[0])
    assert integrated.code == 0
    assert integrated.out.startswith(f"PASS  {shell.runs[0]}")
    assert verdict_everywhere(shell.run_folder()) == {"PASS"}


def test_a_launched_run_is_called_launch_unless_somebody_says_otherwise(shell: Shell) -> None:
    shell("launch", "--dry-run")
    shell("launch", "--dry-run", "--kind", "nightly")
    shell("launch", "--dry-run", "--set", "run.kind=weekly")
    shell("oneshot", "--dry-run")
    assert [name.split("_")[0] for name in shell.runs] == ["launch", "nightly", "oneshot", "weekly"]


def test_judging_takes_the_newest_run_and_names_it(shell: Shell) -> None:
    shell("launch", "--dry-run")
    for command in ("bundle-validate", "integrate"):
        answer = shell(command)
        assert answer.code == 0
        assert answer.err.startswith(f"run {shell.runs[0]}, the newest\n")


def test_a_bundle_that_is_blocked_makes_bundle_validate_end_with_2(shell: Shell) -> None:
    configure(shell.folder, {"A": "Path('outside.txt').write_text('x')"})
    assert shell("launch").code == 0
    answer = shell("bundle-validate", "--json")
    document = RunDocument.model_validate(answer.document)
    assert answer.code == document.exit_code == 2
    assert [(v.code, v.path) for v in document.violations] == [("SCOPE", "outside.txt")]


def test_a_worker_that_fails_makes_launch_end_with_2(shell: Shell) -> None:
    configure(shell.folder, {"A": "sys.exit(7)"})
    answer = shell("launch")
    assert answer.code == 2
    assert verdict_everywhere(shell.run_folder()) == {"BLOCKED"}


def test_launching_a_worker_again_mends_a_run(shell: Shell) -> None:
    code = "sys.exit(0 if Path(os.environ['HOME'], 'go').exists() else 1)"
    configure(shell.folder, {"A": code, "B": PASSING["B"]})
    assert shell("launch").code == 2
    Path.home().joinpath("go").touch()
    answer = shell("launch", "--run-id", shell.runs[0], "--workers", "A")
    assert answer.code == 0
    assert "A RUNNING" in answer.err
    assert "B RUNNING" not in answer.err
    assert shell("integrate").code == 0


def test_the_same_command_again_changes_nothing(shell: Shell) -> None:
    first = shell("oneshot", "--dry-run", "--run-id", "mine")
    ledger = (shell.run_folder() / "LEDGER.jsonl").read_bytes()
    again = shell("oneshot", "--dry-run", "--run-id", "mine")
    assert (again.code, again.out, again.err) == (first.code, first.out, "")
    assert (shell.run_folder() / "LEDGER.jsonl").read_bytes() == ledger


def test_options_that_an_existing_run_cannot_heed_are_named(shell: Shell) -> None:
    shell("launch", "--dry-run", "--run-id", "mine")
    answer = shell("oneshot", "--run-id", "mine", "--base-ref", "main", "--dry-run")
    assert answer.code == 0
    assert answer.err.startswith("mine exists already, so --base-ref is passed over\n")
    assert "--dry-run is passed over" not in answer.err


def test_an_edited_lock_counts_once_a_reason_is_given(shell: Shell) -> None:
    configure(shell.folder, {"A": "Path('outside.txt').write_text('x')"})
    assert shell("oneshot").code == 2
    lock = shell.run_folder() / "A_worker/SCOPE_LOCK.json"
    document = json.loads(lock.read_bytes())
    document["allowed_globs"].append("outside.txt")
    lock.write_text(json.dumps(document))
    assert shell("integrate").code == 2
    answer = shell("integrate", "--amend-scope", "agreed with the owner")
    assert answer.code == 0
    assert "AMENDED" in answer.err


def test_judging_before_there_are_bundles_is_refused(shell: Shell) -> None:
    configure(shell.folder, {})
    assert shell("launch").code == 2
    answer = shell("integrate")
    assert answer.code == 2
    assert "no bundle yet" in answer.err


def test_a_second_process_is_told_who_drives_the_run(shell: Shell) -> None:
    shell("launch", "--dry-run")
    folder = RunFolder(shell.run_folder())
    with hold(folder.work, "integrate"):
        answer = run_process(shell.folder, "integrate", "--run-id", folder.run_id)
    assert answer.code == 2
    assert "the run is being driven by process" in answer.error


def test_an_unknown_base_is_refused_and_creates_nothing(shell: Shell) -> None:
    answer = shell("oneshot", "--base-ref", "nowhere")
    assert answer.code == 2
    assert "'nowhere' names no commit" in answer.error
    assert not (shell.folder / "tools").exists()


def test_the_configuration_of_another_file_and_settings_on_the_line_count(shell: Shell) -> None:
    configure(shell.folder / "elsewhere")
    elsewhere = "elsewhere/tools/codex/factory/factory.config.json"
    answer = shell("oneshot", "--config", elsewhere, "--set", "run.kind=special", "--workers", "A")
    assert answer.code == 0
    assert answer.out.startswith("PASS  special_")
    assert "1 file" in answer.out.splitlines()[0]


@pytest.mark.parametrize("command", ["oneshot", "launch"])
def test_a_folder_that_takes_no_files_is_blocked_with_advice(shell: Shell, command: str) -> None:
    (shell.folder / "tools").write_text("in the way")
    answer = shell(command, "--dry-run")
    assert answer.code in (1, 2)
    assert answer.err.count("\n") == 1
    assert "tools" in answer.error
