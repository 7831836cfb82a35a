"""Runs made of events alone, for commands that only list. Owns their shape; starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from factory_engine.clock import Clock, from_rfc3339
from factory_engine.config.paths import RUNS_DIR
from factory_engine.events import Draft, PlannedWorker, RunCreated, RunFinished, WorkerActivity
from factory_engine.ledger import LedgerWriter
from factory_engine.status import Status

WORKERS = tuple(
    PlannedWorker(f"{x}_worker", title="", agent="command", has_task=True, attempts=1)
    for x in "ABCD"
)


def created(base_ref: str = "main") -> Draft:
    """The first event of a run."""
    base_commit = "0123456789abcdef0123456789abcdef01234567"
    return Draft(RunCreated("oneshot", base_ref, base_commit, dry_run=False, workers=WORKERS))


def activity(letter: str, text: str) -> Draft:
    """What a worker does."""
    return Draft(WorkerActivity("output", text), f"{letter}_worker")


def finished(status: str = "PASS", reason: str = "") -> Draft:
    """The last event of a run."""
    statuses = {f"{letter}_worker": Status.PASS for letter in "ABC"} | {"D_worker": Status(status)}
    return Draft(
        RunFinished(Status(status), reason, statuses),
        "Z_integrator",
        file_counts={"files": 3, "insertions": 5, "deletions": 1},
    )


def make_run(root: Path, run_id: str, moment: str, drafts: Sequence[Draft] = ()) -> Path:
    """The folder of a run whose first event is of `moment`, `2026-01-31T12:00:00`."""
    folder = root / RUNS_DIR / run_id
    folder.mkdir(parents=True)
    (folder / "RUN_MANIFEST.json").write_text("{}")
    clock = Clock(frozen_us=from_rfc3339(f"{moment}.000000Z"))
    writer = LedgerWriter(folder / "LEDGER.jsonl", run_id, clock)
    writer.append([created(), *(drafts or [finished()])])
    writer.close()
    return folder


def made_id(moment: str, number: int = 1, kind: str = "oneshot") -> str:
    """The id that a run of `moment` gets."""
    compact = moment.replace("-", "").replace(":", "")
    return f"{kind}_{compact}Z_01234567_{number:03d}"
