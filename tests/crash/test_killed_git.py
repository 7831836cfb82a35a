"""A git that somebody kills, or the kernel for want of memory: an error to go on from, no verdict.

A program called `git` stands before the real one and kills the n-th of them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support.crash_bench import CrashBench
from tests.support.doomed import REFUSED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for git")

GIT = """#!/bin/sh
echo x >> {counter}
test "$(wc -l < {counter})" -ne {number} || kill -9 $$
exec {git} "$@"
"""


class Killer:
    """Kills the n-th git of a command.

    Args:
        bench: whose commands find it in their PATH.
    """

    def __init__(self, bench: CrashBench) -> None:
        self.bench = bench
        self._counter = bench.place / "counter"
        self._program = bench.place / "bin" / "git"
        self._program.parent.mkdir()
        bench.environment["PATH"] = f"{self._program.parent}:{bench.environment['PATH']}"

    def kill(self, number: int) -> bool:
        """Give the command, and again; False if there was no git of that number."""
        self.bench.clear()
        self._counter.write_text("")
        self._arm(number)
        end = self.bench.give("oneshot")
        met = self._counter.read_text().count("x") >= number
        self._arm(0)
        assert end.rc in (0, REFUSED), end
        self.bench.require_recovery(end.acknowledged, other_verdict=True)
        return met

    def _arm(self, number: int) -> None:
        program = GIT.format(counter=self._counter, number=number, git=shutil.which("git"))
        self._program.write_text(program)
        self._program.chmod(0o755)


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.soak)])
def test_a_killed_git_is_no_verdict(tmp_path: Path, step: int) -> None:
    killer = Killer(CrashBench(tmp_path))
    number = 2
    while killer.kill(number):
        number += step
    assert number > 30
