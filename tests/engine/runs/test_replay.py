"""A run is re-derived from its folder alone, and whatever was changed afterwards is named."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from factory_engine.events import NO_PARENT, Draft, EventType, line_ids
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.status import Status
from tests.engine.provenance.forger import reseal, with_details
from tests.support.event_json import anything
from tests.support.factory_runs import Bench

Change = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
async def finished(tmp_path: Path) -> RunFolder:
    bench = Bench(tmp_path / "there")
    bench.configure()
    outcome = await bench.oneshot(run_id="mine")
    copied = tmp_path / "elsewhere" / "copy"
    shutil.copytree(outcome.folder, copied)
    shutil.rmtree(tmp_path / "there")
    return RunFolder(copied)


async def test_a_copied_folder_is_enough(finished: RunFolder) -> None:
    replayed = replay(finished)
    assert replayed.problems == ()
    assert replayed.state.status is Status.PASS
    assert replayed.state.run_id == "mine"


def edited(lines: list[bytes]) -> list[bytes]:
    return [*lines[:4], lines[4].replace(b'"level":"ok"', b'"level":"no"'), *lines[5:]]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edited, "ledger line 5, byte .*hash differs"),
        (lambda lines: lines[:6] + lines[7:], "ledger line 7, byte .*does not follow"),
        (lambda lines: [*lines[:6], lines[7], lines[6], *lines[8:]], "ledger line 7"),
        (lambda lines: lines[:-3], "are not|is not the one|ends at event"),
        (lambda lines: [], "is not the one|cannot be read|ends at event"),
    ],
    ids=["edit", "deletion", "swap", "cut", "emptied"],
)
async def test_a_changed_ledger_is_named(finished: RunFolder, change: Change, named: str) -> None:
    lines = change(finished.ledger.read_bytes().splitlines())
    finished.ledger.write_bytes(b"".join(line + b"\n" for line in lines))
    problems = replay(finished).problems
    assert problems
    assert any(re.search(named, problem) for problem in problems), problems


def names(folder: RunFolder) -> list[str]:
    return [name for name in folder.artifacts() if name != "LEDGER.jsonl"]


async def test_every_changed_artifact_is_named(finished: RunFolder) -> None:
    for name in names(finished):
        path = finished.path / name
        before = path.read_bytes()
        path.write_bytes(before + b" ")
        problems = replay(finished).problems
        path.write_bytes(before)
        if name == "attestations/ledger.sha256":
            continue  # white space after a digest says nothing else
        assert any(name in problem for problem in problems), name


async def test_every_removed_artifact_is_named(finished: RunFolder) -> None:
    for name in names(finished):
        path = finished.path / name
        before = path.read_bytes()
        path.unlink()
        problems = replay(finished).problems
        path.write_bytes(before)
        assert any(name in problem for problem in problems), name


async def test_a_file_that_nobody_recorded_is_named(finished: RunFolder) -> None:
    (finished.path / "A_worker" / "EXTRA.md").write_text("x")
    assert replay(finished).problems == ("A_worker/EXTRA.md is not recorded in the ledger",)


async def test_a_torn_end_is_a_note(finished: RunFolder) -> None:
    with finished.ledger.open("ab") as file:
        file.write(b'{"torn')
    replayed = replay(finished)
    assert replayed.notes[0] == "6 torn bytes at the end of the ledger"
    assert replayed.state.status is Status.PASS


async def test_what_only_a_newer_version_knows_is_a_note(finished: RunFolder) -> None:
    def edit(draft: Draft) -> Draft:
        if draft.event_type == EventType.RUN_FINISHED:
            return with_details(draft, mood="good")
        if draft.event_type == EventType.CHECK_STARTED or draft.actor == "B_worker":
            return replace(draft, details=anything("worker.sang", {"song": ["la"]}))
        return draft

    reseal(finished, edit)
    replayed = replay(finished)
    told = "worker.sang, run.finished mood"
    assert replayed.notes == (f"a newer version wrote what this one passes over: {told}",)
    assert replayed.state.status is Status.PASS


async def test_a_ledger_of_a_newer_schema_is_refused_as_such(finished: RunFolder) -> None:
    old = finished.ledger.read_bytes()
    finished.ledger.write_bytes(b"")
    parent = NO_PARENT.encode()
    for line in old.splitlines():
        hashed = line_ids(line)[2].replace(b'"schema_version":1', b'"schema_version":2')
        hashed = hashed[:-65] + parent + b'"'
        parent = hashlib.sha256(hashed).hexdigest().encode()
        with finished.ledger.open("ab") as file:
            file.write(hashed + b',"event_id":"' + parent + b'"}\n')
    (problem,) = replay(finished).problems
    assert re.fullmatch(
        r"line \d+ is of a newer version of the factory; this one reads schema 1", problem
    )
