"""The console on a terminal: keys, memory, a long diff, first paint, and events of another process.

Every figure is taken at the terminal's other end: from the key until its effect has been written.
The bars are milliseconds, per cent and megabytes; each is shown as a ratio to the floor beside it.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import watchfiles

from factory_engine.clock import Clock
from factory_engine.ledger import LedgerWriter
from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from tests.bench.floor_apps import FULL, LINE
from tests.bench.measure import Row
from tests.bench.terminal import Terminal, on_terminal
from tests.console import builders as b
from tests.console import bundles

PANES = ("A_worker", "B_worker", "C_worker", "D_worker", "Z_integrator")
KEYS, PROBES, PAGES, STARTS, OPENINGS = 150, 80, 100, 9, 5
LINES_S, FLOOD_LINES_S = 20_000, 200_000
FIRST_LINES, MANY_LINES = 100_000, 10_000_000
DIFF_LINES = 200_000
_FLOOR_APP = [sys.executable, "-m", "tests.bench.floor_apps"]


def rows(folder: Path) -> Iterator[Row]:
    """All figures, in one to two minutes; none where there are no pseudo terminals."""
    if os.name != "posix":
        return
    run = _running(folder / "live")
    with hold(run.work, "oneshot"):
        logs = [run.live_log(pane, "agent") for pane in PANES]
        for log in logs:
            log.parent.mkdir(parents=True)
            log.touch()
        yield from _keys(run, logs)
        yield from _memory(run, logs)
        yield from _events(run)
    yield from _first_paint(folder / "first")
    yield from _diff(folder / "diff")


def _keys(run: RunFolder, logs: Sequence[Path]) -> Iterator[Row]:
    """Keys while five logs grow, and what that costs."""
    with _growing(logs, LINES_S):
        with on_terminal([*_FLOOR_APP, "tails", *map(str, logs)]) as terminal:
            floor = _Pressing(terminal, KEYS // 2)
        with on_terminal(_console(run)) as terminal:
            own = _Pressing(terminal, KEYS)
    beside = "five fixed tails; bar"
    words = f"key to repaint, 5 × {LINES_S:,} lines/s"
    yield _beside(f"{words}, p50", own.times, floor.times, 0.5, 10, beside)
    yield _beside(f"{words}, p99", own.times, floor.times, 0.99, 50, beside)
    yield Row(
        "  per cent of a core", own.cpu, floor.cpu, f"{beside} 40 %", bar=40 / max(0.1, floor.cpu)
    )


def _memory(run: RunFolder, logs: Sequence[Path]) -> Iterator[Row]:
    """Memory after many lines beside that after the first ones, keys pressed all the while."""
    for log in logs:
        os.truncate(log, 0)
    with on_terminal(_console(run)) as terminal:
        terminal.until("A ", time.perf_counter())
        terminal.rest(3.0)
        with _growing(logs, LINES_S):
            first = _memory_after(terminal, logs, FIRST_LINES)
        with _growing(logs, FLOOD_LINES_S):
            many = _memory_after(terminal, logs, MANY_LINES)
    words = f"  MB of memory after {MANY_LINES:,} lines"
    yield Row(words, many, first, f"after the first {FIRST_LINES:,}", 1.05)


def _memory_after(terminal: Terminal, logs: Sequence[Path], lines: int) -> float:
    """Megabytes once each log has its part of that many lines."""
    size = lines // len(logs) * len(LINE)
    pane = 0
    while any(log.stat().st_size < size for log in logs):
        pane = pane % len(logs) + 1
        terminal.press(str(pane), f"▸{PANES[pane - 1][0]}")
        terminal.rest(0.05)
    return float(psutil.Process(terminal.pid).memory_info().rss) / 1e6


class _Pressing:
    """Digits pressed on a program that shows the chosen pane by `▸`, and what it used meanwhile."""

    def __init__(self, terminal: Terminal, number: int) -> None:
        terminal.until("A ", time.perf_counter())
        terminal.rest(3.0)
        process = psutil.Process(terminal.pid)
        started, used = time.perf_counter(), _cpu(process)
        self.times = []
        for press in range(number):
            pane = (press + 1) % 5
            self.times.append(terminal.press(str(pane + 1), f"▸{PANES[pane][0]}"))
            terminal.rest(random.uniform(0.05, 0.12))
        self.cpu = (_cpu(process) - used) / (time.perf_counter() - started) * 100


def _events(run: RunFolder) -> Iterator[Row]:
    """An event that another process appends, until it is on the screen."""
    writer = LedgerWriter(run.ledger, run.run_id, Clock())
    probe = iter(range(10_000))

    def append() -> str:
        text = f"probe-{next(probe):05}"
        writer.append([b.activity("B", text)])
        return text

    with on_terminal(_console(run)) as terminal:
        terminal.until("LEDGER", time.perf_counter())
        terminal.rest(1.0)
        times = []
        for _ in range(PROBES):
            terminal.drain()
            mark = append()
            times.append(terminal.until(mark, time.perf_counter()))
            terminal.rest(random.uniform(0.03, 0.1))
    floor = _told_by_the_system(run.path, append)
    writer.close()
    yield Row("event to screen, p50", _part(times, 0.5), _part(floor, 0.5), "watchfiles alone")
    yield _beside("event to screen, p99", times, floor, 0.99, 50, "watchfiles alone; bar")


def _told_by_the_system(folder: Path, append: Callable[[], object]) -> list[float]:
    """Milliseconds until watchfiles tells of an append."""
    times = []
    told, stop = threading.Event(), threading.Event()

    def listen() -> None:
        for _ in watchfiles.watch(folder, debounce=50, step=5, stop_event=stop, rust_timeout=500):
            told.set()

    listening = threading.Thread(target=listen)
    listening.start()
    time.sleep(0.5)
    for _ in range(PROBES // 2):
        told.clear()
        append()
        started = time.perf_counter()
        if told.wait(2):
            times.append((time.perf_counter() - started) * 1000)
        time.sleep(random.uniform(0.08, 0.12))
    stop.set()
    listening.join()
    return times


def _first_paint(folder: Path) -> Iterator[Row]:
    """From the start of the process to the run on the screen."""
    run = b.write_run(folder, b.blocked())
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(STARTS):
        for argv, mark, taken in (
            (_console(run), "LEDGER", times[0]),
            ([*_FLOOR_APP, "bare"], FULL, times[1]),
        ):
            started = time.perf_counter()
            with on_terminal(argv) as terminal:
                taken.append(terminal.until(mark, started))
    figure, least = map(statistics.median, times)
    yield Row("first paint", figure, least, "Textual app of as many widgets", 1.15)


def _diff(folder: Path) -> Iterator[Row]:
    """A long patch: until it is on the screen, then page by page."""
    run = b.write_run(folder, b.blocked())
    patch = _long_patch()
    bundles.worker_bundle(run, "C", patch)
    plain = folder / "long.patch"
    plain.write_text(patch, encoding="utf-8")
    floor, own = _Paging(), _Paging()
    for _ in range(OPENINGS):
        with on_terminal([*_FLOOR_APP, "lines", str(plain)]) as terminal:
            terminal.until("nothing yet", time.perf_counter())
            floor.page(terminal)
        with on_terminal(_console(run)) as terminal:
            terminal.until("LEDGER", time.perf_counter())
            terminal.press("3", "▸C")
            own.page(terminal)
            own.edges(terminal)
    beside = "the lines of the file, plain; bar"
    words = f"diff of {DIFF_LINES:,} lines on screen"
    yield _beside(words, own.opened, floor.opened, 0.5, 500, beside)
    yield _beside("  a page down, p50", own.pages, floor.pages, 0.5, 50, beside)
    yield _beside("  a page down, p99", own.pages, floor.pages, 0.99, 50, beside)
    yield _beside("  to its end and back, p50", own.ends, floor.pages, 0.5, 50, beside)


class _Paging:
    """A long text that Enter opens and the space bar turns; milliseconds of all that."""

    def __init__(self) -> None:
        self.opened: list[float] = []
        self.pages: list[float] = []
        self.ends: list[float] = []

    def page(self, terminal: Terminal) -> None:
        """Open it once everything has settled, then go down page by page."""
        terminal.rest(1.5)
        self.opened.append(terminal.press("\r", "value_"))
        terminal.drain(0.5, longest_s=3)
        for _ in range(PAGES // OPENINGS):
            self.pages.append(terminal.press(" ", "value_"))
            terminal.drain(0.02, longest_s=0.2)

    def edges(self, terminal: Terminal) -> None:
        """To the end of it and back."""
        for key in "GgGg":
            self.ends.append(terminal.press(key, "value_"))
            terminal.drain(0.1, longest_s=0.5)


def _beside(
    what: str,
    own: Sequence[float],
    floor: Sequence[float],
    part: float,
    bar: float,
    words: str,
) -> Row:
    """The value that `part` of each do not exceed, with a bar in milliseconds."""
    least = _part(floor, part)
    return Row(what, _part(own, part), least, f"{words} {bar:.0f} ms", bar / least)


def _long_patch() -> str:
    """Forty files of five thousand changed lines."""
    each = DIFF_LINES // 40
    parts = []
    for number in range(40):
        path = f"src/part_{number:02}.py"
        head = f"diff --git a/{path} b/{path}\nindex {'1' * 40}..{'2' * 40} 100644\n"
        parts.append(f"{head}--- a/{path}\n+++ b/{path}\n@@ -1,{each // 2} +1,{each // 2} @@\n")
        for line in range(each // 2):
            parts.append(f"-value_{line} = compute({line}, 'old')\n")
            parts.append(f"+value_{line} = compute({line}, 'new')  # changed\n")
    return "".join(parts)


def _running(folder: Path) -> RunFolder:
    """A run under way."""
    started = [(1.0, b.started(letter)) for letter in "ABCD"]
    return b.write_run(folder, [(0, b.created()), (0, b.stage("launch")), *started])


def _console(run: RunFolder) -> list[str]:
    argv = [sys.executable, "-m", "factory_tui", "watch", "--tui", "--dir", str(run.path)]
    return [*argv, "-C", run.path.anchor]


@contextmanager
def _growing(logs: Sequence[Path], lines_s: int) -> Iterator[None]:
    """Those files, growing by that many lines a second each."""
    with subprocess.Popen([*_FLOOR_APP, "write", str(lines_s), *map(str, logs)]) as writer:
        try:
            yield
        finally:
            writer.kill()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _part(values: Sequence[float], part: float) -> float:
    """The value that `part` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]
