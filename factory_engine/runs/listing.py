"""Which run an id means, and a run in a list; without reading whole ledgers.

Owns the look-up. The order of runs, and what each came to, is `records`'.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine import run_id as run_ids
from factory_engine.errors import RunError
from factory_engine.own_runs import is_own
from factory_engine.run_folder import RunFolder
from factory_engine.runs.records import newest_names, record


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
    """The ids of all runs, newest first, as `records.newest_names` has them.

    Raises:
        RunError: the folder cannot be read.
    """
    return newest_names(os.fspath(runs_dir))[0]


def newest_run(runs_dir: Path, *, except_for: str = "", own_only: bool = False) -> RunFolder | None:
    """The newest run that was made here and has an event, else the newest of any; None for none.

    Args:
        runs_dir: the folder of all runs.
        except_for: the id of one that does not count.
        own_only: leave it at none where all were made elsewhere.
    """
    foreign = None
    for name in run_names(runs_dir):
        folder = RunFolder(runs_dir / name)
        if name == except_for or not folder.exists or folder.path.is_symlink():
            continue
        if is_own(os.fspath(folder.path)):
            return folder
        foreign = foreign or folder
    return None if own_only else foreign


def existing_run(runs_dir: Path, run_id: str | None) -> RunFolder | None:
    """The run that a pinned id names already; None for a new one, or where only its folder exists.

    Raises:
        UsageError: no run can have that id.
        RunError: its folder is a link.
    """
    if run_id is None:
        return None
    folder = RunFolder(runs_dir / run_ids.validate(run_id))
    if folder.path.is_symlink():
        raise RunError(
            "is a symbolic link, which is no run",
            where=run_id,
            advice="name the folder that it leads to",
        )
    return folder if folder.exists else None


def find_run(runs_dir: Path, run_id: str | None, *, own_only: bool = False) -> RunFolder:
    """The run of that id, or the newest one for None: of those made here, if there is any.

    Args:
        runs_dir: the folder of all runs.
        run_id: its id; None for the newest.
        own_only: a run that was made elsewhere must be named, as something is done with it.

    Raises:
        RunError: there is no such run.
        UsageError: no run can have that id.
    """
    if run_id is None:
        newest = newest_run(runs_dir, own_only=own_only)
        if newest is None and newest_run(runs_dir) is not None:
            raise RunError(
                "every run here was made elsewhere",
                advice="list them with `factory runs`, and name one with --run-id",
            )
        if newest is None:
            raise RunError("there is no run yet", advice="start one with `factory oneshot`")
        return newest
    folder = existing_run(runs_dir, run_id)
    if folder is None:
        raise RunError("there is no such run", where=run_id, advice="list them with `factory runs`")
    return folder


def run_line(folder: RunFolder) -> RunLine:
    """What a run came to, from the two ends of its ledger."""
    return RunLine(**record(os.fspath(folder.path), folder.run_id))
