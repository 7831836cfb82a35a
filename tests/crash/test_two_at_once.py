"""Two processes that want to drive one run: one does, and the other says who."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory_engine.errors import RunError
from factory_engine.run_lock import hold
from tests.support.crash_bench import TWO, CrashBench, shell
from tests.support.doomed import REFUSED, Fault, Tell, perform
from tests.support.faulty_disk import KILLED
from tests.support.invariants import require_nobody_left, require_same_end

SLOW = {**TWO, "B": shell(f"sleep 1; {TWO['B']['command'][-1]}", ["docs/*"])}
EACH = 60


def test_of_two_resumes_one_works_and_the_other_says_so(tmp_path: Path) -> None:
    bench = CrashBench(tmp_path, workers=SLOW)
    assert bench.give("oneshot", Fault(at=150)).rc == KILLED
    with ThreadPoolExecutor() as threads:
        ends = list(threads.map(bench.give, ["oneshot", "oneshot"]))
    refused, worked = sorted(ends, key=lambda end: end.rc == 0)
    assert (refused.rc, worked.rc) == (REFUSED, 0)
    assert "the run is being driven by process" in refused.said
    assert "(oneshot) since" in refused.said
    assert refused.acknowledged == ()
    require_same_end(bench.folder, [], bench.calm)
    require_nobody_left(bench.place)


@dataclass(frozen=True)
class Contender:
    """Takes and leaves a lock again and again, and looks whether it is alone."""

    folder: Path

    def __call__(self, tell: Tell) -> None:
        alone = self.folder / "alone"
        for _ in range(EACH):
            try:
                with hold(self.folder / "work", "oneshot"):
                    alone.mkdir()  # fails where somebody else is inside
                    alone.rmdir()
            except RunError:
                time.sleep(0.0005)
            else:
                tell("held")


def test_a_lock_that_many_take_and_leave_has_one_holder(tmp_path: Path) -> None:
    contender = Contender(tmp_path)
    with ThreadPoolExecutor() as threads:
        ends = list(threads.map(perform, [contender] * 4))
    assert [end.rc for end in ends] == [0] * 4, [end.said for end in ends]
    assert sum(len(end.acknowledged) for end in ends) >= EACH


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_git_that_outlives_a_killed_factory_is_ended_before_the_run_goes_on(
    tmp_path: Path,
) -> None:
    bench = CrashBench(tmp_path)
    slow = tmp_path / "bin"
    slow.mkdir()
    real = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True)
    # the wrapper's first `fetch` hangs, as a git on a slow disk does
    (slow / "git").write_text(
        f'#!/bin/sh\nif [ "$1" = fetch ] && mkdir {slow}/once 2>/dev/null; then sleep 60; fi\n'
        f'exec {real.stdout.strip()} "$@"\n'
    )
    (slow / "git").chmod(0o755)
    bench.environment["PATH"] = f"{slow}:{bench.environment['PATH']}"
    with ThreadPoolExecutor() as threads:
        killed = threads.submit(bench.give, "oneshot", Fault(at=0))
        while not (slow / "once").is_dir():
            time.sleep(0.02)
        bench.kill_holder()
        assert killed.result().rc not in (0, REFUSED)
    bench.require_recovery(killed.result().acknowledged)
