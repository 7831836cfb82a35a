"""Where a worker works: its folders, and how they are made and taken away.

Owns the layout below a worker's folder. Never looks at what the worker does there.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.prompt import render_prompt
from factory_engine.checkouts.carried import put_files
from factory_engine.checkouts.provider import Checkout
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.errors import StorageError
from factory_engine.run_folder import INTEGRATOR
from factory_engine.stages.context import RunContext
from factory_engine.status import Status


@dataclass(frozen=True)
class WorkerPlace:
    """The folders of one worker, all outside the user's repository."""

    folder: Path

    @property
    def outbox(self) -> Path:
        """Where the worker may leave its summary, suggestions and handoff note."""
        return self.folder / "outbox"

    @property
    def temporary(self) -> Path:
        """The worker's own folder for temporary files."""
        return self.folder / "tmp"

    @property
    def scope_file(self) -> Path:
        """The worker's scope lock, to read."""
        return self.folder / "SCOPE_LOCK.json"

    @property
    def prompt_file(self) -> Path:
        """The worker's prompt, to read."""
        return self.folder / "PROMPT.md"


async def checkout_of(context: RunContext, worker_id: str, place: WorkerPlace) -> Checkout:
    """The checkout in which the worker works, made or not.

    Raises:
        StorageError: what it lies over cannot be made.
    """
    checkouts = await context.checkouts(context.workspaces)
    return await checkouts.of(place.folder, context.folder.index_file(worker_id))


async def make_place(
    context: RunContext, worker_id: str, place: WorkerPlace, checkout: Checkout
) -> None:
    """A fresh workspace of base, an empty outbox, the scope and the prompt to read.

    Raises:
        StorageError: the disk refused.
    """
    await asyncio.to_thread(remove_workspace, place.folder)
    write_task(context, worker_id, place)
    storage.make_folder(checkout.index.parent)
    checkouts = await context.checkouts(context.workspaces)
    await checkouts.make_base(checkout)
    carried = await context.carried(worker_id)
    await asyncio.to_thread(put_files, context.repository.root, checkout.top, carried)


def write_task(context: RunContext, worker_id: str, place: WorkerPlace) -> None:
    """The scope and the prompt to read, as they are now; the outbox is there, too.

    Raises:
        StorageError: the disk refused.
    """
    storage.make_folder(place.outbox)
    storage.replace_file(place.scope_file, context.issued_lock(worker_id).to_bytes())
    prompt = render_prompt(
        context.manifest.plan(worker_id).prompt,
        manifest=context.manifest,
        lock=context.issued_lock(worker_id),
        checks=context.config.workers[worker_id].checks,
        outbox=place.outbox,
    )
    storage.replace_file(place.prompt_file, prompt.encode())


def is_kept(context: RunContext, status: Status) -> bool:
    """Whether a worker that ended with `status` keeps its workspace."""
    keep = context.config.run.keep_workspaces
    return keep == "always" or (keep == "failed" and status is not Status.PASS)


def remove_left_places(context: RunContext) -> None:
    """Remove what a killed factory did not get to: workspaces whose bundles are there."""
    for worker in context.state().workers.values():
        if worker.collected and not is_kept(context, worker.status):
            remove_place(WorkerPlace(context.worker_folder(worker.worker_id)))
    remove_place(WorkerPlace(context.worker_folder(INTEGRATOR)))


def remove_place(place: WorkerPlace) -> None:
    """Remove all of it, and the folders above that are empty then.

    What a worker has made irremovable (a flag of the file system) is left to `prune`, which names
    it: it must not end the run of the others.
    """
    with contextlib.suppress(StorageError):
        remove_workspace(place.folder)
    for parent in (place.folder.parent, place.folder.parent.parent):
        with contextlib.suppress(OSError):
            storage.disk.rmdir(parent)  # only where it is empty


def worker_variables(
    context: RunContext, worker_id: str, place: WorkerPlace, workspace: Path
) -> dict[str, str]:
    """What a worker is told through its environment; `workspace` as it sees it."""
    return {
        "FACTORY_RUN_ID": context.manifest.run_id,
        "FACTORY_WORKER_ID": worker_id,
        "FACTORY_BASE": context.base,
        "FACTORY_SCOPE": str(place.scope_file),
        "FACTORY_PROMPT": str(place.prompt_file),
        "FACTORY_OUTBOX": str(place.outbox),
        "FACTORY_PORT_BASE": str(context.ports.base_of(worker_id)),
        # a worker that removed its .git must not find a repository further up
        "GIT_CEILING_DIRECTORIES": str(workspace.parent),
    }
