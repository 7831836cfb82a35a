"""Whose workspaces are: who removes some takes their lock, and leaves another list's alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.checkouts.ownership import Busy, owned, owner_of, removing
from factory_engine.errors import RunError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rests on flock")

HOLDING = """
import sys, time
from pathlib import Path
from factory_engine.checkouts.ownership import owned
with owned(Path(sys.argv[1]), Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


def holding(workspaces: Path, run: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(workspaces), str(run)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


def test_what_is_driven_is_not_removed(tmp_path: Path) -> None:
    cache, run = tmp_path / "cache", tmp_path / "one/run"
    with holding(cache, run) as child:
        with pytest.raises(Busy), removing(cache, "run"):
            pass
        assert owner_of(cache, "run") == run
        (cache / "runs/run").mkdir(parents=True)
        child.kill()
    with removing(cache, "run") as owner:  # the kernel has let it go, and it says whose it was
        assert owner == run


def test_nothing_is_left_of_a_run_without_workspaces(tmp_path: Path) -> None:
    with owned(tmp_path / "cache", tmp_path / "one/run"):
        assert owner_of(tmp_path / "cache", "run") == tmp_path / "one/run"
    assert not (tmp_path / "cache").exists()


def test_a_run_of_the_same_id_in_another_list_is_refused(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with holding(cache, tmp_path / "one/run") as child:
        with pytest.raises(RunError, match="same id"), owned(cache, tmp_path / "two/run"):
            pass
        child.kill()
    (cache / "runs/run").mkdir(parents=True)
    with pytest.raises(RunError, match="one/run"), owned(cache, tmp_path / "two/run"):
        pass
    with owned(cache, tmp_path / "one/run"):
        pass


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0" * 20_000])
def test_an_owner_that_makes_no_sense_is_none_or_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "owners").mkdir()
    (tmp_path / "owners/run").write_bytes(content)
    owner = owner_of(tmp_path, "run")
    assert owner is None or not owner.exists()


def test_a_pipe_for_an_owner_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "owners").mkdir()
    os.mkfifo(tmp_path / "owners/run")
    assert owner_of(tmp_path, "run") is None


async def test_who_comes_while_the_file_is_removed_holds_the_new_one(tmp_path: Path) -> None:
    cache, run = tmp_path / "cache", tmp_path / "one/run"
    held = 0

    def one() -> None:
        nonlocal held
        for _ in range(100):
            try:
                with owned(cache, run):
                    held += 1
                    assert held == 1
                    held -= 1
            except RunError:
                continue

    await asyncio.gather(*(asyncio.to_thread(one) for _ in range(4)))
