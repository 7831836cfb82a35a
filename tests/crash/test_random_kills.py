"""kill -9 of the whole program at random moments, again and again, until it gets to its end."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.crash_bench import CHECK, RUN_ID, CrashBench, shell
from tests.support.invariants import require_nobody_left, require_same_end, require_sound_crash

ROOT = Path(__file__).parents[2]
# Long enough that every stage is met: most of the time goes to starting an interpreter.
SLOW = {
    "A": shell("sleep 0.2; echo ONE > src/one.txt; sleep 0.1", ["src/**"]),
    "B": shell("sleep 0.1; rm docs/guide.md; setsid sleep 0.5 & sleep 0.4", ["docs/*"]),
}
CHECKS = ({**CHECK, "run": ["sh", "-c", f"sleep 0.2; {CHECK['run'][-1]}"]},)


class Program:
    """The program as a user starts it, and as a user never should end it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.bench = CrashBench(folder, workers=SLOW, checks=CHECKS)
        self.moments = random.Random(seed)
        settings = [word for item in self.bench.overrides for word in ("--set", item)]
        place = ["-C", str(self.bench.root)]
        self.argv = [sys.executable, "-m", "factory_tui", *place, *settings]

        started = time.monotonic()
        assert self.survives(mercy=True)
        self.longest_s = (time.monotonic() - started) * 1.3
        self.bench.clear()

    def survives(self, *, mercy: bool = False) -> bool:
        """One start: True if it came to its end before it was killed.

        Args:
            mercy: do not kill it.
        """
        limit = None if mercy else self.moments.uniform(0.2, self.longest_s)
        child = subprocess.Popen(
            [*self.argv, "oneshot", "--quiet", "--run-id", RUN_ID],
            cwd=ROOT,
            env=self.bench.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with child:
            try:
                _, said = child.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                kill = self.moments.choice((os.kill, os.killpg))
                with contextlib.suppress(ProcessLookupError):
                    kill(child.pid, signal.SIGKILL)
                child.communicate()
                return False
        assert child.returncode == 0, said.decode()
        return True


def kill(folder: Path, seed: int, kills: int) -> None:
    """Kill the program until it has survived `kills` of them, and one run has come to its end."""
    program = Program(folder, seed)
    bench = program.bench
    known: list[str] = []
    while True:
        if program.survives(mercy=kills <= 0):
            require_same_end(bench.folder, known, bench.calm)
            require_nobody_left(bench.place)
            assert bench.outside.picture() == bench.before
            if kills <= 0:
                return
            bench.clear()
            known = []
            continue
        kills -= 1
        require_sound_crash(bench.folder, known, bench.calm)
        known = bench.event_ids()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_program_killed_at_random_goes_on_to_the_same_end(tmp_path: Path) -> None:
    kill(tmp_path, seed=11, kills=4)


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.parametrize("seed", range(10))
def test_a_program_survives_a_hundred_kills(tmp_path: Path, seed: int) -> None:
    kill(tmp_path, seed, kills=100)
