"""What can be done to runs from outside: stop one or a worker of it, remove old ones, measure them.

Owns nothing of a run that somebody drives: it only asks the driver.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.ownership import Busy, owner_of, removing
from factory_engine.checkouts.workspace import remove_workspace
from factory_engine.clock import from_rfc3339
from factory_engine.errors import RunError
from factory_engine.own_runs import forget, is_own
from factory_engine.processes.tree import Marker, end_tree
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import holder_of
from factory_engine.run_lock import hold
from factory_engine.runs.drive import CANCEL_REQUEST
from factory_engine.runs.listing import run_line, run_names
from factory_engine.runs.project import Project
from factory_engine.runs.whereabouts import size_of

POLL_S = 0.05
WORKER_GRACE_S = 5.0
DOOMED = ".pruned."
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Pruned:
    """One thing that was removed, and the bytes that it took.

    `what` is `run`, `workspaces`, `pool` or `layer`; of a layer `run_id` is its key.
    """

    run_id: str
    what: str
    bytes: int


def cancel(folder: RunFolder, *, wait_s: float = 60.0) -> bool:
    """Ask the process that drives a run to stop it cleanly, and wait until it has.

    Returns:
        False where nobody drives it, or where it has not stopped within `wait_s` seconds.
    """
    holder = holder_of(folder.work)
    if holder is None:
        return False
    storage.replace_file(folder.work / CANCEL_REQUEST, b"")
    deadline = time.monotonic() + wait_s
    while holder_of(folder.work) is not None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return holder_of(folder.work) is None


async def end_worker(folder: RunFolder, worker_id: str) -> int:
    """End every process of one worker of a run that another process drives.

    Whoever drives the run sees its program end, and collects what it left. A run of the same id in
    another repository is another run.

    Returns:
        how many processes could not be ended.
    """
    marker = Marker.of_run(folder.path, folder.run_id, worker_id)
    return (await end_tree(None, marker, None, WORKER_GRACE_S)).survivors


def remove_workspaces(folder: Path) -> None:
    """Remove a folder of workspaces that no run needs. Raises StorageError when something stays."""
    remove_workspace(folder)


def prune(
    project: Project,
    *,
    keep: int | None = None,
    older_than_days: float | None = None,
    runs: bool = False,
) -> list[Pruned]:
    """Remove what old runs left in the workspaces folder, or the runs themselves.

    Args:
        project: whose runs.
        keep: the newest runs that are left alone; None for no such number.
        older_than_days: only runs that are older; None for all.
        runs: remove the runs' folders too; without it only their workspaces.

    Returns:
        what was removed, newest run first. A run that somebody drives is left alone, and so is one
        that was made for another repository.
    """
    names = run_names(project.runs_dir)
    chosen = [
        name
        for position, name in enumerate(names)
        if (keep is None or position >= keep) and _is_older(project, name, older_than_days)
    ]
    # workspaces of runs whose folder is gone belong to nobody
    kept = project.workspaces / "runs"
    there = [path.name for path in kept.iterdir()] if kept.is_dir() else []
    orphans = [name for name in there if name not in names and _is_orphan(project, name)]
    pruned = []
    for doomed in project.runs_dir.glob(f"{DOOMED}*"):
        remove_workspace(doomed)  # of a prune that was stopped
    pool = project.workspaces / "pool"
    if pool.exists():
        pruned.append(Pruned("", "pool", size_of(os.fspath(pool))))
        doomed = pool.with_name(f"{DOOMED}pool")
        remove_workspace(doomed)
        # in one step: another run may be taking something out of it
        storage.disk.replace(pool, doomed)
        remove_workspace(doomed)
    for name in [*chosen, *sorted(orphans)]:
        pruned += _prune_one(project, RunFolder(project.runs_dir / name), runs=runs)
    return pruned


def disk_use(project: Project) -> dict[str, int]:
    """Bytes that the runs, workspaces, layers and the store of base commits take."""
    return {
        "runs": size_of(os.fspath(project.runs_dir)),
        "workspaces": size_of(os.fspath(project.workspaces / "runs")),
        "pool": size_of(os.fspath(project.workspaces / "pool")),
        "layers": sum(use.bytes for use in LayerCache(project.workspaces / "layers").uses()),
        "store": size_of(os.fspath(project.workspaces / "store.git")),
    }


def _is_older(project: Project, name: str, days: float | None) -> bool:
    if days is None:
        return True
    started = run_line(RunFolder(project.runs_dir / name)).started_at
    if not started:
        return True
    return project.clock.now_us() - from_rfc3339(started) > days * DAY_US


def _is_orphan(project: Project, name: str) -> bool:
    """Whether workspaces that are in no run of this list are in none of another's either."""
    if name.startswith(DOOMED):
        return True  # of a prune that was stopped
    owner = owner_of(project.workspaces, name)
    return owner is not None and not os.path.lexists(owner)


def _prune_one(project: Project, folder: RunFolder, *, runs: bool) -> list[Pruned]:
    """What was removed of a run; nothing of one that somebody drives, or of another list."""
    if holder_of(folder.work) is not None:
        return []
    try:
        with removing(project.workspaces, folder.run_id) as owner:
            mine = owner in (None, folder.path) or not os.path.lexists(owner)
            pruned = _remove_workspaces_of(project, folder) if mine else []
            if runs and folder.path.is_dir() and _is_removable(project, folder):
                size = size_of(os.fspath(folder.path))
                _remove_run(folder)
                forget(os.fspath(folder.path))
                pruned.append(Pruned(folder.run_id, "run", size))
            return pruned
    except (Busy, RunError):
        return []  # somebody has begun to drive it


def _is_removable(project: Project, folder: RunFolder) -> bool:
    """Whether a run is one of this repository's, or lies in it and is nobody's that is known."""
    path = os.fspath(folder.path)
    if is_own(path, os.fspath(project.repository.common_dir)):
        return True
    inside = folder.path.is_relative_to(project.repository.root) and not folder.path.is_symlink()
    return inside and not is_own(path)


def _remove_workspaces_of(project: Project, folder: RunFolder) -> list[Pruned]:
    pruned = []
    workspaces = project.workspaces / "runs" / folder.run_id
    if workspaces.exists():
        size = size_of(os.fspath(workspaces))
        # in one step: an agent must never go on in a workspace that was half removed
        doomed = workspaces.with_name(f"{DOOMED}{folder.run_id}")
        remove_workspace(doomed)
        storage.disk.replace(workspaces, doomed)
        remove_workspace(doomed)
        pruned.append(Pruned(folder.run_id, "workspaces", size))
    return pruned


def _remove_run(folder: RunFolder) -> None:
    """Take the name away in one step, then the rest: a run is there whole, or not at all."""
    doomed = folder.path.with_name(f"{DOOMED}{folder.run_id}")
    try:
        with hold(folder.work, "prune"):
            if os.name == "nt":  # a folder with an open file in it, the lock, cannot be renamed
                storage.disk.unlink(folder.ledger)
            else:
                storage.disk.replace(folder.path, doomed)
        if os.name == "nt":
            storage.disk.replace(folder.path, doomed)
    except OSError as error:
        raise storage.storage_error(error, folder.path, "cannot be removed") from error
    remove_workspace(doomed)
