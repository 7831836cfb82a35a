"""What the factory notes of a workspace, and what it takes for untouched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from factory_engine.checkouts import pool_record as module
from factory_engine.checkouts.pool_record import Record, read_record, record_of, write_record
from factory_engine.git.index_entries import as_remembered
from tests.support.repositories import isolated_environment
from tests.support.workbench import workbench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ctime is something else elsewhere")


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
async def test_every_file_of_a_checkout_is_known(
    tmp_path: Path, version: str, object_format: str
) -> None:
    bench = await workbench(tmp_path, {"a": "a\n", "b/ü": "b\n"}, object_format=object_format)
    workspace, index = await bench.workspace(), bench.index()
    environment = isolated_environment() | {"GIT_INDEX_FILE": str(index)}
    command = ["git", "--git-dir", str(bench.store.path), "--work-tree", str(workspace)]
    command += ["update-index", "--index-version", version]
    subprocess.run(command, env=environment, check=True)
    time.sleep(0.02)
    (workspace / ".git/index").touch()
    write_record(workspace, index)
    record = read_record(index)
    assert record is not None
    for name in ("a", "b/ü"):
        assert record.holds(os.fsencode(name), os.lstat(workspace / name))
    (workspace / "a").chmod(0o600)
    (workspace / "a").chmod(0o644)
    assert not record.holds(b"a", os.lstat(workspace / "a"))
    assert not record.holds(b"c", os.lstat(workspace / "b/ü"))


def test_the_last_tick_of_the_clock_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    facts = os.lstat(tmp_path / "a")
    stats = {b"a": as_remembered(facts)}
    assert Record(b"", stats, facts.st_ctime_ns + 1).holds(b"a", facts)
    assert not Record(b"", stats, facts.st_ctime_ns).holds(b"a", facts)


async def test_nothing_is_trusted_after_another_start_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await workbench(tmp_path, {"a": "a\n"})
    write_record(await bench.workspace(), bench.index())
    assert read_record(bench.index()) is not None
    boot = tmp_path / "boot"
    boot.write_text("another\n")
    monkeypatch.setattr(module, "_BOOT", boot)
    assert read_record(bench.index()) is None
    boot.unlink()
    assert read_record(bench.index()) is None


async def test_a_torn_record_is_none(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "a\n"})
    write_record(await bench.workspace(), bench.index())
    path = record_of(bench.index())
    whole = path.read_bytes()
    for torn in (b"", whole[:30], whole[:-1], whole[:-50] + bytes(50)):
        path.write_bytes(torn)
        assert read_record(bench.index()) is None
