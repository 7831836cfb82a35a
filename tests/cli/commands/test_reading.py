"""Commands that only read a run: in its repository, and from a copied folder without one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from factory_tui.cli.documents.models import PathDocument, ReportDocument
from factory_tui.cli.documents.run_models import ReplayDocument, RunDocument
from tests.cli.shell import Shell, configure, start_process
from tests.support.repositories import snapshot_bytes


@pytest.fixture
def copied(reader: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in a folder without a repository, beside a copy of the blocked run."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(reader.run_folder("bad"), folder / "copy")
    shutil.rmtree(reader.folder)
    monkeypatch.chdir(folder)
    return reader


def test_the_report_is_printed_as_it_lies_in_the_folder(reader: Shell) -> None:
    answer = reader("print-report", "--run-id", "good")
    report = reader.run_folder("good") / "Z_integrator/FINAL_REPORT.txt"
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == report.read_text()


def test_without_an_id_the_newest_run_is_taken_and_named(reader: Shell) -> None:
    answer = reader("print-report")
    assert answer.out.startswith("STATUS: BLOCKED\nRun:    bad\n")
    assert answer.err == "run bad, the newest\n"
    assert reader("print-report", "--quiet").err == ""


def test_the_report_as_a_document(reader: Shell) -> None:
    document = ReportDocument.model_validate(reader("print-report", "--json").document)
    assert document.run_id == "bad"
    assert document.text.startswith("STATUS: BLOCKED\n")


@pytest.mark.parametrize("command", ["print-report", "open-report"])
def test_a_run_without_a_report_is_unfinished(shell: Shell, command: str) -> None:
    shell("launch", "--dry-run", "--run-id", "mine")
    answer = shell(command, "--run-id", "mine")
    assert (answer.code, answer.out) == (3, "")
    assert answer.error == (
        "mine: the run has no report yet; go on with `factory oneshot --run-id mine`"
    )
    assert shell(command, "--run-id", "mine", "--json").document["status"] == "PENDING"


def test_a_report_that_is_a_trap_is_not_followed(reader: Shell, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    report = reader.run_folder("bad") / "Z_integrator/FINAL_REPORT.txt"
    report.unlink()
    report.symlink_to(secret)
    for command in ("print-report", "open-report"):
        answer = reader(command, "--run-id", "bad")
        assert (answer.code, answer.out) == (2, "")
        assert "is a symbolic link" in answer.error


def test_a_forged_report_cannot_steer_the_terminal(reader: Shell) -> None:
    report = reader.run_folder("bad") / "Z_integrator/FINAL_REPORT.txt"
    report.write_bytes(b"STATUS: PASS\x1b[2J\x9b\nsecond \xe2\x80\xae\xff line\n")
    answer = reader("print-report", "--run-id", "bad")
    assert answer.out == "STATUS: PASS\\x1b[2J\\x9b\nsecond \\u{202e}\\xff line\n"


def test_a_sound_run_replays_whatever_its_verdict(reader: Shell) -> None:
    for run_id, status in (("good", "PASS"), ("bad", "BLOCKED")):
        answer = reader("ledger-replay", "--run-id", run_id)
        assert answer.code == 0
        assert answer.out.startswith(f"{status}  {run_id}")
        assert answer.out.splitlines()[-1].endswith("events and every recorded file hold")


def test_a_difference_is_named_and_blocks(reader: Shell) -> None:
    with (reader.run_folder("good") / "A_worker/DIFF.patch").open("ab") as file:
        file.write(b"\n")
    answer = reader("ledger-replay", "--run-id", "good")
    assert answer.code == 2
    assert "DIFFERS A_worker/DIFF.patch is not the file that the ledger recorded" in answer.out
    document = ReplayDocument.model_validate(
        reader("ledger-replay", "--run-id", "good", "--json").document
    )
    assert not document.consistent
    assert document.exit_code == 2
    assert len(document.problems) == 1


def test_a_tampered_ledger_is_blocked_and_what_can_be_read_is_shown(reader: Shell) -> None:
    ledger = reader.run_folder("good") / "LEDGER.jsonl"
    lines = ledger.read_bytes().split(b"\n")
    lines[5] = lines[5].replace(b"factory", b"Factory", 1)
    ledger.write_bytes(b"\n".join(lines))
    answer = reader("ledger-replay", "--run-id", "good")
    assert answer.code == 2
    assert "DIFFERS ledger line 6, byte" in answer.out


def test_replay_changes_nothing(reader: Shell) -> None:
    before = snapshot_bytes(reader.folder)
    reader("ledger-replay", "--run-id", "good")
    assert snapshot_bytes(reader.folder) == before


def test_a_copied_folder_can_be_printed_replayed_listed_watched_and_opened(copied: Shell) -> None:
    report = copied.bare("print-report", "--dir", "copy")
    assert report.out.startswith("STATUS: BLOCKED\n")
    replayed = copied.bare("ledger-replay", "--dir", "copy")
    assert (replayed.code, replayed.out.split()[0]) == (0, "BLOCKED")
    events = copied.bare("ledger", "--dir", "copy", "--raw-events")
    assert events.out == Path("copy/LEDGER.jsonl").read_text()
    assert copied.bare("watch", "--dir", "copy").code == 2
    assert copied.bare("open-run", "--dir", "copy").out == f"{Path('copy').resolve()}\n"


def test_a_folder_without_a_run_is_refused(copied: Shell) -> None:
    answer = copied.bare("print-report", "--dir", "nothing")
    assert answer.code == 2
    assert "there is no run in this folder" in answer.error


def test_open_prints_the_path_where_nothing_can_open_it(
    reader: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    for command, relative in (("open-run", "."), ("open-report", "Z_integrator/FINAL_REPORT.txt")):
        path = os.path.normpath(reader.run_folder("good") / relative)
        answer = reader(command, "--run-id", "good")
        assert (answer.code, answer.out) == (0, f"{path}\n")
        document = PathDocument.model_validate(
            reader(command, "--run-id", "good", "--json").document
        )
        assert (document.path, document.opened) == (path, False)


@pytest.mark.skipif(os.name != "posix", reason="the opener is a shell script")
def test_open_gives_the_path_to_the_opener(
    reader: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "opener"
    script.write_text(f'#!/bin/sh\nprintf %s "$*" > {tmp_path}/given\n')
    script.chmod(0o755)
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BROWSER", f"{script} --new")
    answer = reader("open-run", "--run-id", "good", "--json")
    assert answer.document["opened"] is True
    assert (tmp_path / "given").read_text() == f"--new {reader.run_folder('good')}"


def test_watching_a_finished_run_shows_each_event_and_ends_as_the_run_did(reader: Shell) -> None:
    for run_id, code in (("good", 0), ("bad", 2)):
        answer = reader("watch", "--run-id", run_id)
        assert answer.code == code
        events = (reader.run_folder(run_id) / "LEDGER.jsonl").read_bytes().count(b"\n")
        lines = answer.out.splitlines()
        assert " CREATED " in lines[0]
        assert lines[events].startswith("PASS  good" if code == 0 else "BLOCKED  bad")


def test_watching_as_a_document(reader: Shell) -> None:
    document = RunDocument.model_validate(reader("watch", "--run-id", "bad", "--json").document)
    assert (document.status, document.exit_code) == ("BLOCKED", 2)


def test_watching_a_run_that_nobody_drives_ends_with_3(shell: Shell) -> None:
    shell("launch", "--dry-run")
    answer = shell("watch")
    assert answer.code == 3
    assert "\nPENDING  " in answer.out


def test_watch_follows_a_run_of_another_process_to_its_end(shell: Shell, home: Path) -> None:
    configure(
        shell.folder,
        {"A": "while not Path(os.environ['HOME'], 'watched').exists(): time.sleep(0.02)"},
    )
    with start_process(shell.folder, "oneshot", "--run-id", "mine") as driver:
        ledger = shell.folder / "tools/codex/runs/mine/LEDGER.jsonl"
        while not (ledger.exists() and b"worker.started" in ledger.read_bytes()):
            assert driver.poll() is None
        with start_process(shell.folder, "watch", "--run-id", "mine") as watcher:
            assert watcher.stdout is not None
            while b"A RUNNING" not in watcher.stdout.readline():
                pass
            (home / "watched").touch()
            rest = watcher.stdout.read().decode()
            assert watcher.wait(timeout=60) == 0
        driver.communicate(timeout=60)
    assert driver.returncode == 0
    assert "\nPASS  mine" in rest


def test_watching_a_ledger_from_elsewhere_that_makes_no_sense_is_blocked(reader: Shell) -> None:
    ledger = reader.run_folder("good") / "LEDGER.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"stage":"launch"', b'"stage":"lunch"'))
    answer = reader("watch", "--run-id", "good", "--quiet")
    assert answer.code == 2
    assert "of type stage.started `stage` is no stage that this version knows" in answer.err
    assert "Traceback" not in answer.err
