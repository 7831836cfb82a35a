"""One process drives a run; a second is told who does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from factory_engine import run_lock
from factory_engine.errors import RunError
from factory_engine.run_holder import HOLDER, holder_of
from factory_engine.run_lock import hold

HOLDING = """
import sys, time
from pathlib import Path
from factory_engine.run_lock import hold
with hold(Path(sys.argv[1]), "integrate"):
    print("held", flush=True)
    time.sleep(60)
"""


def holding(work: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-c", HOLDING, str(work)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


def test_a_second_process_is_told_who_drives_the_run(tmp_path: Path) -> None:
    work = tmp_path / "run_001" / "work"
    with holding(work) as child:
        message = rf"run_001: .*process {child.pid} \(integrate\) since \d{{4}}-"
        with pytest.raises(RunError, match=message), hold(work, "integrate"):
            pass
        child.kill()


def test_a_holder_that_has_not_put_down_its_name_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "run_001" / "work"
    with holding(work) as child:
        (work / HOLDER).rename(tmp_path / "later")
        monkeypatch.setattr(time, "sleep", lambda _: (tmp_path / "later").rename(work / HOLDER))
        with pytest.raises(RunError, match=f"process {child.pid} "), hold(work, "oneshot"):
            pass
        child.kill()


def test_a_holder_without_a_name_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "_NAMED_S", 0.02)
    work = tmp_path / "run_001" / "work"
    with holding(work) as child:
        (work / HOLDER).unlink()
        with pytest.raises(RunError, match="by another process"), hold(work, "oneshot"):
            pass
        child.kill()


def test_a_killed_holder_is_succeeded(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with holding(work) as child:
        os.kill(child.pid, signal.SIGKILL)
    assert holder_of(work) is None
    with hold(work, "oneshot"):
        holder = holder_of(work)
        assert holder is not None
        assert holder.pid == os.getpid()


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    with hold(tmp_path / "work", "oneshot"):
        assert (tmp_path / "work").is_dir()
    assert not (tmp_path / "work").exists()
