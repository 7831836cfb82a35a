"""Start-up: how long until a command answers, beside an interpreter that does nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from factory_engine.clock import Clock
from factory_engine.events import Draft, RunCreated, WorkerActivity
from factory_engine.ledger import LedgerWriter
from tests.bench.measure import Row, both, command
from tests.support.repositories import make_repository

FACTORY = [sys.executable, "-m", "factory_tui"]
PASS = [sys.executable, "-c", "pass"]
ROOT = Path(__file__).resolve().parents[2]


def rows(folder: Path) -> Iterator[Row]:
    """`--version`, `--help`, and the reading commands on ten and on ten thousand runs."""
    for argument, bar in (("--version", 1.5), ("--help", 3.0)):
        figure, floor = both(command([*FACTORY, argument], ROOT), command(PASS, ROOT))
        yield Row(f"factory {argument}", figure, floor, "python -c pass", bar)
    few = _repository(folder / "few", runs=10, events=10)
    many = _repository(folder / "many", runs=10_000, events=10)
    for argv in (["runs"], ["ledger", "--limit", "50"]):
        name = " ".join(argv)
        figure, floor = both(command([*FACTORY, *argv], few), command(PASS, ROOT))
        yield Row(f"factory {name}, 10 runs", figure, floor, "python -c pass", 3.0)
        figure, floor = both(
            command([*FACTORY, *argv], many),
            command([*FACTORY, *argv], few),
            rounds=5,
        )
        yield Row(f"factory {name}, 10,000 runs", figure, floor, "the same on 10 runs", 1.5)
    figure, floor = both(
        command([*FACTORY, "oneshot", "--dry-run", "--quiet"], few),
        command(PASS, ROOT),
        rounds=5,
    )
    yield Row("factory oneshot --dry-run", figure, floor, "python -c pass", 20.0)


def _repository(folder: Path, runs: int, events: int) -> Path:
    root = make_repository(folder, {"a": "a\n"})
    for number in range(runs):
        day, second = divmod(number, 86_400)
        hour, rest = divmod(second, 3600)
        run_id = (
            f"oneshot_202601{day + 1:02d}T{hour:02d}{rest // 60:02d}{rest % 60:02d}Z_00000000_001"
        )
        run = root / "tools/codex/runs" / run_id
        run.mkdir(parents=True)
        writer = LedgerWriter(run / "LEDGER.jsonl", run_id, Clock(frozen_us=number * 1_000_000))
        first = Draft(RunCreated("oneshot", "HEAD", "0" * 40, dry_run=True, workers=()))
        activity = Draft(WorkerActivity("running", "x"), "A_worker")
        writer.append([first, *[activity] * events])
        writer.close()
    return root
