"""A bad thing in a run folder is told of that run; nothing waits for it, no other run minds it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.clock import Clock
from factory_engine.errors import FactoryError, RunError
from factory_engine.fold import fold_all
from factory_engine.ledger import LedgerWriter, read_events, verify_chain
from factory_engine.ledger_receipt import read_receipt
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.run_holder import HOLDER, holder_of
from factory_engine.run_lock import hold
from factory_engine.runs.follow import Position
from factory_engine.runs.listing import existing_run
from factory_engine.runs.records import records

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pipes and links")

Spoil = Callable[[Path], object]


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link_out(path: Path) -> None:
    elsewhere = path.parent.parent.parent / "elsewhere"
    elsewhere.write_text('{"secret": 1}\n')
    path.symlink_to(elsewhere)


def a_dangling_link(path: Path) -> None:
    path.symlink_to("/nonexistent/somewhere")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_socket(path: Path) -> None:
    os.mknod(path, 0o140600)


SPOILED = [a_pipe, a_link_out, a_dangling_link, a_folder, a_socket]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs" / "good").mkdir(parents=True)
    (tmp_path / "runs" / "bad" / "work").mkdir(parents=True)
    ledgers = Path(__file__).parents[2] / "ledgers"
    golden = next(iter(sorted(ledgers.rglob("*.jsonl"))), None)
    assert golden is not None
    (tmp_path / "runs/good/LEDGER.jsonl").write_bytes(golden.read_bytes())
    return tmp_path / "runs"


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_ledger_that_is_no_file_is_one_line_in_the_list(runs: Path, spoil: Spoil) -> None:
    spoil(runs / "bad" / "LEDGER.jsonl")
    assert RunFolder(runs / "bad").exists
    with pytest.raises(FactoryError, match="cannot be read"):
        fold_all(read_events(runs / "bad/LEDGER.jsonl"))
    with pytest.raises(FactoryError, match="cannot be read"):
        verify_chain(runs / "bad/LEDGER.jsonl")
    with pytest.raises(FactoryError, match="cannot be read"):
        Position(runs / "bad/LEDGER.jsonl").read()
    with pytest.raises(FactoryError):
        LedgerWriter(runs / "bad/LEDGER.jsonl", "bad", Clock())
    os.rename(runs / "bad", runs / "oneshot_20260131T120000Z_0123abcd_001")
    found = {one["run_id"]: one["status"] for one in records(os.fspath(runs))[0]}
    assert found["oneshot_20260131T120000Z_0123abcd_001"] == "UNREADABLE"
    assert found["good"] != "UNREADABLE"


def test_a_run_folder_that_is_a_link_is_no_run(runs: Path) -> None:
    name = "oneshot_20260131T120000Z_0123abcd_001"
    (runs / name).symlink_to(runs / "good")
    found = {one["run_id"]: one for one in records(os.fspath(runs))[0]}
    assert found[name]["status"] == "UNREADABLE"
    assert "symbolic link" in found[name]["reason"]
    with pytest.raises(RunError, match="symbolic link"):
        existing_run(runs, name)


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_holder_that_is_no_file_holds_nothing(runs: Path, spoil: Spoil) -> None:
    spoil(runs / "bad/work" / HOLDER)
    assert holder_of(runs / "bad/work") is None


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"pid": "1", "created": 1.0, "command": "x", "since": "x"}',
        b'{"pid": -1, "created": 1.0, "command": "x", "since": "x"}',
        b'{"pid": 0, "created": 1.0, "command": "x", "since": "x"}',
        b'{"pid": 99999999999999999999, "created": 1.0, "command": "x", "since": "x"}',
        b'{"pid": true, "created": 1.0, "command": "x", "since": "x"}',
        b'{"pid": 1, "created": "now", "command": "x", "since": "x"}',
        b'{"pid": 1, "created": 1.0, "command": ["x"], "since": "x"}',
        b'{"pid": 1}',
        b"\xff\xfe",
        b" " * 20_000_000,
    ],
)
def test_a_holder_that_makes_no_sense_holds_nothing(runs: Path, content: bytes) -> None:
    (runs / "bad/work" / HOLDER).write_bytes(content)
    assert holder_of(runs / "bad/work") is None


def test_a_holder_is_not_looked_for_behind_a_link(runs: Path, tmp_path: Path) -> None:
    with hold(runs / "good/work", "oneshot"):
        assert holder_of(runs / "good/work") is not None
        (runs / "bad/work").rmdir()
        (runs / "bad/work").symlink_to(runs / "good/work")
        assert holder_of(runs / "bad/work") is None


@pytest.mark.parametrize("where", ["", "work", "work/lock"])
def test_nothing_is_locked_through_a_link(runs: Path, tmp_path: Path, where: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "lock").write_text("keep me")
    path = runs / "bad" / where
    if where == "work/lock":
        path.symlink_to(victim / "lock")
    else:
        (runs / "bad/work").rmdir()
        if not where:
            (runs / "bad").rmdir()
        path.symlink_to(victim)
    with pytest.raises(RunError, match="symbolic link"), hold(runs / "bad/work", "oneshot"):
        pass
    assert [one.name for one in victim.iterdir()] == ["lock"]
    assert (victim / "lock").read_text() == "keep me"


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_receipt_that_is_no_file_is_none(runs: Path, spoil: Spoil) -> None:
    spoil(runs / "bad/work/acknowledged")
    assert read_receipt(runs / "bad/work/acknowledged") is None


@pytest.mark.parametrize("spoil", SPOILED)
def test_an_artifact_that_is_no_file_is_not_read(runs: Path, spoil: Spoil) -> None:
    (runs / "bad/Z_integrator").mkdir()
    spoil(runs / "bad/Z_integrator/DIFF.patch")
    with pytest.raises(Unreadable) as caught:
        RunFolder(runs / "bad").read("Z_integrator/DIFF.patch")
    assert caught.value.kind == "type"


def test_an_artifact_below_a_link_is_not_read(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/DIFF.patch").write_text(json.dumps("x"))
    (runs / "bad/Z_integrator").symlink_to(tmp_path / "out")
    with pytest.raises(Unreadable, match="not a plain folder"):
        RunFolder(runs / "bad").read("Z_integrator/DIFF.patch")
