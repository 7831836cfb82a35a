"""How a figure is taken: the median of several runs, figure and floor in turn.

Owns the stopwatch of the benchmarks.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """One line of the table: milliseconds, those of the floor, and the ratio that is wanted.

    `bar_ms` is for what must stay below a time whatever the floor is.
    """

    what: str
    ms: float
    floor_ms: float
    floor: str
    bar: float | None = None
    bar_ms: float | None = None


def both(
    figure: Callable[[], object],
    floor: Callable[[], object],
    rounds: int = 9,
    before: Callable[[], object] | None = None,
) -> tuple[float, float]:
    """The medians of `figure` and `floor` in milliseconds, measured in turn after a warm-up.

    `before` is done before each figure, and not measured.
    """
    figure(), floor()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        if before is not None:
            before()
        for call, taken in zip((figure, floor), times, strict=True):
            started = time.perf_counter()
            call()
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def command(
    argv: Sequence[str], cwd: Path | None = None, *, check: bool = False
) -> Callable[[], object]:
    """Run a command to its end, its output thrown away; it finds this checkout's packages.

    With `check` one that fails ends the measuring: it did something else than what is measured.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled

    def call() -> object:
        return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, check=check)

    return call
