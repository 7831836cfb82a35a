"""Commands around a run: adopt, examine, configure, apply, prune, describe."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.ledger_event import LedgerEvent
from factory_engine.config.paths import CONFIG_FILE
from factory_engine.ledger import read_events
from factory_tui.cli.commands.schema import MODELS, schema
from factory_tui.cli.documents import models
from factory_tui.cli.overview import COMMANDS
from tests.cli.ledgers import make_run
from tests.cli.shell import Shell, configure
from tests.support.repositories import git, snapshot_bytes


def test_init_adopts_and_a_second_time_keeps_everything(shell: Shell) -> None:
    first = shell("init")
    assert first.code == 0
    assert f"created  {CONFIG_FILE}" in first.out.splitlines()
    edited = shell.folder / CONFIG_FILE
    edited.write_text('{"workers": {}}')
    second = shell("init", "--json")
    document = models.InitDocument.model_validate(second.document)
    assert {file.created for file in document.files} == {False}
    assert edited.read_text() == '{"workers": {}}'


def test_an_adopted_repository_runs_the_runbooks_own_spelling(shell: Shell) -> None:
    shell("init")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "tools.codex.factory", "oneshot", "--base-ref", "HEAD", "--dry-run"],
        cwd=shell.folder,
        env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(Path.home())},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"PASS  ")


def test_doctor_says_of_each_precondition_whether_it_holds(shell: Shell) -> None:
    answer = shell("doctor")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("OK     git ")
    assert all(line.startswith(("OK ", "WARN ")) for line in lines[:-1])
    assert lines[-1].startswith("disk in use: ")


def test_doctor_ends_with_2_and_says_what_to_do(shell: Shell) -> None:
    configure(shell.folder, agents={}, run={"base_ref": "nowhere"})
    answer = shell("doctor", "--json")
    document = models.FindingsDocument.model_validate(answer.document)
    assert answer.code == document.exit_code == 2
    blocking = [finding for finding in document.findings if finding.level == "block"]
    assert len(blocking) == 1
    assert "nowhere" in blocking[0].message
    assert blocking[0].advice


def test_doctor_outside_a_repository_is_a_finding_and_no_error(
    shell: Shell, tmp_path: Path
) -> None:
    answer = shell.bare("doctor", "-C", str(tmp_path))
    assert answer.code == 2
    assert "BLOCK  repository" in answer.out


def test_preflight_looks_at_the_base_that_is_asked_for(shell: Shell) -> None:
    assert shell("preflight", "--base-ref", "HEAD").code == 0
    answer = shell("preflight", "--base-ref", "nowhere")
    assert answer.code == 2
    assert "names no commit" in answer.error


def test_preflight_names_a_program_that_is_missing(shell: Shell) -> None:
    settings = {"A": {"command": ["no-such-program"], "scope": {"allow": ["src/**"]}}}
    (shell.folder / "config.json").write_text(json.dumps({"workers": settings}))
    answer = shell("preflight", "--config", "config.json")
    assert answer.code == 2
    assert "no-such-program was not found" in answer.out


def test_config_shows_each_value_and_where_it_came_from(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(shell.folder)
    monkeypatch.setenv("FACTORY_RUN__KIND", "nightly")
    answer = shell("config", "--json", "--set", "run.max_parallel=2")
    document = models.ConfigDocument.model_validate(answer.document)
    found = {setting.key: (setting.value, setting.origin) for setting in document.values}
    assert found["run.max_parallel"] == (2, "--set")
    assert found["run.kind"] == ("nightly", "FACTORY_RUN__KIND")
    assert found["run.grace_s"] == (0.5, CONFIG_FILE)
    assert found["run.base_ref"] == ("HEAD", "default")
    lines = shell("config", "--set", "run.max_parallel=2").out.splitlines()
    assert ["run.max_parallel", "2", "--set"] in [line.split() for line in lines]


def test_apply_puts_the_result_on_a_new_branch_and_touches_nothing_else(reader: Shell) -> None:
    head = git(reader.folder, "rev-parse", "HEAD")
    answer = reader("apply", "--run-id", "good", "--branch", "result", "--json")
    document = models.ApplyDocument.model_validate(answer.document)
    assert (answer.code, document.branch, document.files) == (0, "result", 2)
    assert git(reader.folder, "rev-parse", "result") == document.commit
    assert git(reader.folder, "rev-parse", "HEAD") == head
    assert git(reader.folder, "show", "result:src/a.txt") == "A"
    again = reader("apply", "--run-id", "good", "--branch", "result")
    assert again.code == 2
    assert "the branch exists already" in again.error


def test_apply_refuses_what_did_not_pass_or_has_not_finished(reader: Shell) -> None:
    blocked = reader("apply", "--run-id", "bad")
    assert blocked.code == 2
    assert "the run is BLOCKED, only PASS is applied" in blocked.error
    reader("launch", "--dry-run", "--run-id", "open")
    unfinished = reader("apply", "--run-id", "open")
    assert unfinished.code == 3
    assert git(reader.folder, "branch", "--list", "factory/*") == ""


def test_prune_removes_old_runs_and_keeps_the_newest(shell: Shell) -> None:
    for day in range(1, 5):
        make_run(shell.folder, f"run-{day}", f"2026-01-0{day}T00:00:00")
    assert shell("prune").out == "nothing to remove\n"
    answer = shell("prune", "--runs", "--keep", "1", "--json")
    document = models.PruneDocument.model_validate(answer.document)
    assert [item.run_id for item in document.removed] == ["run-3", "run-2", "run-1"]
    assert shell.runs == ["run-4"]
    shell("prune", "--runs", "--older-than", "0h")
    assert shell.runs == []


@pytest.mark.parametrize("name", list(MODELS))
def test_each_schema_is_published_under_its_name(shell: Shell, name: str) -> None:
    answer = shell("schema", name)
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert document["$id"] == name
    assert document["$schema"].startswith("https://json-schema.org/")
    assert document["type"] == "object"


def test_schemas_are_listed_and_found_by_easier_names(shell: Shell) -> None:
    listed = shell("schema").out.split()
    assert listed == list(MODELS)
    assert schema("scope-lock") == schema("SCOPE_LOCK.json") == schema("ScopeLock")
    assert schema("ledger-event") == schema("LEDGER.jsonl")
    assert schema("factory.run/1")["properties"].keys() >= {"schema", "run_id", "exit_code"}
    assert ScopeLock.model_fields.keys() <= schema("scope-lock")["properties"].keys()


def test_every_event_of_a_real_ledger_keeps_to_the_published_schema(reader: Shell) -> None:
    for run_id in ("good", "bad"):
        for line in (reader.run_folder(run_id) / "LEDGER.jsonl").read_bytes().splitlines():
            LedgerEvent.model_validate_json(line)
        assert list(read_events(reader.run_folder(run_id) / "LEDGER.jsonl"))


@pytest.mark.parametrize("shell_name", ["bash", "zsh"])
def test_a_completion_script_knows_every_command_and_option(shell: Shell, shell_name: str) -> None:
    script = shell.bare("completion", shell_name).out
    assert [name for name in COMMANDS if name not in script] == []
    assert "--amend-scope" in script
    assert "--raw-events" in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_the_completion_script_is_good_bash(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "factory.bash"
    script.write_text(shell.bare("completion", "bash").out)
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_shell_of_the_user_is_the_default(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert shell.bare("completion").out == shell.bare("completion", "zsh").out
    monkeypatch.setenv("SHELL", "/usr/bin/nush")
    assert shell.bare("completion").code == 64


def test_reading_commands_leave_the_repository_as_it_was(reader: Shell) -> None:
    before = snapshot_bytes(reader.folder)
    for command in ("runs", "ledger", "print-report", "config", "schema", "watch", "open-run"):
        reader(command)
    assert snapshot_bytes(reader.folder) == before
