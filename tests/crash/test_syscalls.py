"""Real system calls that kill or fail, under strace: also those of git and of the interpreter.

The other sweeps stand at the factory's own seam. Here the n-th `write`, `fsync`, `rename` and so on
of any process meets the fault, on the files of the ledger or of the run's folder only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from tests.support.appending import Appending
from tests.support.crash_bench import RUN_ID, CrashBench
from tests.support.doomed import REFUSED, Command
from tests.support.strace import CALLS, Traced, missing, paths_in, traced

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

KILL = "signal=SIGKILL"
# Not of `open`: opening to read cannot be told from opening to write, and a bundle that cannot be
# read is a verdict. Not of `flock`: preflight finds locks that do not work.
REFUSALS = [
    ("write", "error=ENOSPC"),
    ("write", "error=EIO"),
    ("fsync", "error=EIO"),
    ("rename", "error=ENOSPC"),
    ("link", "error=ENOSPC"),
    ("unlink", "error=EIO"),
    ("mkdir", "error=ENOSPC"),
    ("truncate", "error=EIO"),
    ("copy", "error=ENOSPC"),
]
# The commands that a run is swept in, each with those that come before it.
BEFORE = {"launch": (), "integrate": ("launch", "bundle-validate")}


def soak(*values: str) -> ParameterSet:
    """A parameter of the long round."""
    return pytest.param(*values, marks=pytest.mark.soak)


def every(step: int, strike: Callable[[int], bool]) -> int:
    """Strike at the first call, and on in steps, until there is no such call; how many hits."""
    when = 1
    while strike(when):
        when += step
    return (when - 1) // step


class Ledger:
    """A ledger that is created and appended to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0

    def strike(self, kind: str, fault: str, when: int) -> bool:
        """One round, in a folder of its own; False when the fault never came."""
        self.number += 1
        work = Appending(self.folder / str(self.number) / "LEDGER.jsonl", batches=2)
        work.path.parent.mkdir()
        end = traced(
            work,
            self.folder / "trace",
            kind=kind,
            fault=fault,
            when=when,
            paths=(str(work.path), str(work.path.parent)),
            environment=os.environ,
        )
        require_expected(end, fault)
        work.require_kept(end.acknowledged, whole_batches=fault != KILL)
        return end.hit


class Run:
    """A command on a run, which always begins with the same files."""

    def __init__(self, bench: CrashBench, name: str, *before: str) -> None:
        self.bench = bench
        for command in before:
            self.bench.must(command)
        self.bench.keep()
        self.work = Command(self.bench.root, self.bench.overrides, name, RUN_ID)
        calm = self.trace()
        assert calm.rc == 0, calm.said
        self.paths = paths_in(calm.trace, self.bench.runs)

    def trace(self, kind: str = "", fault: str = "", when: int = 0) -> Traced:
        """Give the command once, under strace."""
        self.bench.restore()
        return traced(
            self.work,
            self.bench.place / "trace",
            kind=kind,
            fault=fault,
            when=when,
            paths=self.paths if kind else (),
            environment=self.bench.environment,
        )

    def strike(self, kind: str, fault: str, when: int) -> bool:
        """One round; False when the fault never came."""
        self.bench.restore()
        known = self.bench.event_ids()
        end = self.trace(kind, fault, when)
        try:
            require_expected(end, fault)
            # a git that was killed is an error for the factory, which then gives a verdict
            self.bench.require_recovery([*known, *end.acknowledged], other_verdict=end.rc >= 0)
        except AssertionError as error:
            raise AssertionError(f"{fault} at {kind} {when}: {end.said}\n{error}") from error
        return end.hit


def require_expected(end: Traced, fault: str) -> None:
    """It was killed, or it went on to a known end: never a crash of its own."""
    allowed: Sequence[int] = (0, REFUSED, -9) if fault == KILL else (0, REFUSED)
    assert end.rc in allowed, end.said


@pytest.mark.parametrize("kind", ["write", "fsync", soak("open")])
def test_an_append_survives_a_kill_in_any_system_call(tmp_path: Path, kind: str) -> None:
    ledger = Ledger(tmp_path)
    assert every(1, lambda when: ledger.strike(kind, KILL, when)) >= 1


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("write", "error=ENOSPC"),
        ("fsync", "error=EIO"),
        soak("write", "error=EIO"),
        soak("fsync", "error=ENOSPC"),
    ],
)
def test_an_append_survives_a_refusal_of_any_system_call(
    tmp_path: Path, kind: str, fault: str
) -> None:
    ledger = Ledger(tmp_path)
    assert every(1, lambda when: ledger.strike(kind, fault, when)) >= 2


def test_a_run_survives_a_kill_and_a_refusal(bench: CrashBench) -> None:
    run = Run(bench, "launch")
    assert run.strike("rename", KILL, 17)
    assert run.strike("write", "error=ENOSPC", 23)


@pytest.mark.soak
@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("name", BEFORE)
def test_a_run_survives_a_kill_in_any_system_call(bench: CrashBench, name: str, kind: str) -> None:
    run = Run(bench, name, *BEFORE[name])
    step = 5 if kind == "open" else 1
    every(step, lambda when: run.strike(kind, KILL, when))


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "fault"), REFUSALS)
@pytest.mark.parametrize("name", BEFORE)
def test_a_run_survives_a_refusal_of_any_system_call(
    bench: CrashBench, name: str, kind: str, fault: str
) -> None:
    run = Run(bench, name, *BEFORE[name])
    every(3, lambda when: run.strike(kind, fault, when))
