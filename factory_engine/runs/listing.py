"""Which runs there are, newest first, and what each came to; without reading whole ledgers.

Owns the order of runs. Imports nothing that is slow to load: `runs` and `ledger` answer at once,
however many runs and events there are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine import run_id as run_ids
from factory_engine.clock import from_rfc3339
from factory_engine.errors import FactoryError, RunError
from factory_engine.events import Event, EventType
from factory_engine.ledger import read_events, read_tail
from factory_engine.run_folder import MANIFEST, RunFolder


@dataclass(frozen=True)
class RunLine:
    """One run in a list.

    Args:
        status: of the run's last verdict, PENDING where there is none, `UNREADABLE` where the
            ledger cannot be read.
        workers: worker ids to the status of each; empty statuses before a verdict.
        files: how many files the merged patch changes.
    """

    run_id: str
    status: str
    started_at: str = ""
    base_ref: str = ""
    base_commit: str = ""
    dry_run: bool = False
    workers: Mapping[str, str] = field(default_factory=dict)
    files: int = 0
    reason: str = ""


def run_names(runs_dir: Path) -> list[str]:
    """The ids of all runs, newest first.

    An id of our own form holds its time; for any other the first event is asked. Runs of one
    instant (a clock that stands still) are told apart by when their manifest was written.
    """
    try:
        with os.scandir(runs_dir) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RunError(f"cannot be read: {error.strerror}", where=str(runs_dir)) from error
    timed: dict[int, list[str]] = {}
    for name in names:
        started = run_ids.started_at(name)
        if started is None:
            started = _first_time(RunFolder(runs_dir / name))
        if started is not None:
            timed.setdefault(started, []).append(name)
    ordered: list[str] = []
    for started in sorted(timed, reverse=True):
        group = timed[started]
        if len(group) > 1:
            group.sort(key=lambda name: (_written(runs_dir / name / MANIFEST), name), reverse=True)
        ordered += group
    return ordered


def newest_run(runs_dir: Path, *, except_for: str = "") -> RunFolder | None:
    """The newest run that has an event; None where there is none."""
    for name in run_names(runs_dir):
        if name != except_for and (folder := RunFolder(runs_dir / name)).exists:
            return folder
    return None


def existing_run(runs_dir: Path, run_id: str | None) -> RunFolder | None:
    """The run that a pinned id names already; None for a new one, or where only its folder exists.

    Raises:
        UsageError: no run can have that id.
    """
    if run_id is None:
        return None
    folder = RunFolder(runs_dir / run_ids.validate(run_id))
    return folder if folder.exists else None


def find_run(runs_dir: Path, run_id: str | None) -> RunFolder:
    """The run of that id, or the newest one for None.

    Raises:
        RunError: there is no such run.
        UsageError: no run can have that id.
    """
    if run_id is None:
        newest = newest_run(runs_dir)
        if newest is None:
            raise RunError("there is no run yet", advice="start one with `factory oneshot`")
        return newest
    folder = existing_run(runs_dir, run_id)
    if folder is None:
        raise RunError("there is no such run", where=run_id, advice="list them with `factory runs`")
    return folder


def run_line(folder: RunFolder) -> RunLine:
    """What a run came to, from the two ends of its ledger."""
    try:
        first = next(read_events(folder.ledger), None)
        last = read_tail(folder.ledger, 1)
    except FactoryError as error:
        return RunLine(folder.run_id, "UNREADABLE", reason=error.what)
    if first is None or not last:
        return RunLine(folder.run_id, "PENDING", reason="nothing recorded yet")
    return _line(folder, first, last[-1])


def _line(folder: RunFolder, first: Event, last: Event) -> RunLine:
    workers = {worker["worker_id"]: "" for worker in first.details.get("workers", ())}
    finished = last.event_type == EventType.RUN_FINISHED
    details = last.details if finished else {}
    return RunLine(
        run_id=folder.run_id,
        status=str(details.get("status", "PENDING")),
        started_at=first.ts_utc,
        base_ref=str(first.details.get("base_ref", "")),
        base_commit=str(first.details.get("base_commit", "")),
        dry_run=bool(first.details.get("dry_run", False)),
        workers={**workers, **details.get("workers", {})},
        files=last.file_counts.get("files", 0) if finished else 0,
        reason=str(details.get("reason", "")),
    )


def _first_time(folder: RunFolder) -> int | None:
    try:
        first = next(read_events(folder.ledger), None)
        return from_rfc3339(first.ts_utc) if first else None
    except (FactoryError, ValueError):
        return None


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
