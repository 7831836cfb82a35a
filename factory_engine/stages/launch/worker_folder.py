"""The folders of one worker outside the user's repository, and how they are taken away.

Owns the layout below a worker's folder. What is put into it is in `worker_context.py`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.artifacts.names import INTEGRATOR, SCOPE_LOCK
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.errors import StorageError
from factory_engine.stages.context import PREPARE, RunContext
from factory_engine.status import Status


@dataclass(frozen=True)
class WorkerFolder:
    """The folders of one worker, all outside the user's repository."""

    path: Path

    @property
    def outbox(self) -> Path:
        """Where the worker may leave its summary, suggestions and handoff note."""
        return self.path / "outbox"

    @property
    def temporary(self) -> Path:
        """The worker's own folder for temporary files."""
        return self.path / "tmp"

    @property
    def scope_file(self) -> Path:
        """The worker's scope lock, to read."""
        return self.path / SCOPE_LOCK

    @property
    def prompt_file(self) -> Path:
        """The worker's prompt, to read."""
        return self.path / "PROMPT.md"


def is_kept(context: RunContext, status: Status) -> bool:
    """Whether a worker that ended with `status` keeps its workspace."""
    keep = context.config.run.keep_workspaces
    return keep == "always" or (keep == "failed" and status is not Status.PASS)


def remove_left_folders(context: RunContext) -> None:
    """Remove what a killed factory did not get to: workspaces whose bundles are there."""
    for worker in context.state().workers.values():
        if worker.collected and not is_kept(context, worker.status):
            remove_worker_folder(WorkerFolder(context.worker_folder(worker.worker_id)))
    remove_worker_folder(WorkerFolder(context.worker_folder(INTEGRATOR)))
    of_run = context.worker_folder(INTEGRATOR).parent
    for left in of_run.glob(f"{PREPARE}-*"):
        remove_worker_folder(WorkerFolder(left))


def remove_worker_folder(folder: WorkerFolder) -> None:
    """Remove all of it, and the folders above that are empty then.

    What a worker has made irremovable (a flag of the file system) is left to `prune`, which names
    it: it must not end the run of the others. A second try tells that from a fault of the moment.
    """
    for _ in range(2):
        with contextlib.suppress(StorageError):
            remove_workspace(folder.path)
            break
    for parent in (folder.path.parent, folder.path.parent.parent):
        with contextlib.suppress(OSError):
            storage.disk.rmdir(parent)  # only where it is empty
