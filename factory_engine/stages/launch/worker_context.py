"""One worker of a run: the run, and what in it is this worker's own.

Owns how the folder of a worker is filled. Never looks at what the worker does there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.prompt import render_prompt
from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.manifest import WorkerPlan
from factory_engine.checkouts.carried import put_files
from factory_engine.checkouts.provider import Checkout, Checkouts
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.config.limits import WorkLimits
from factory_engine.config.tasks import AgentConfig, WorkerConfig
from factory_engine.events import Details, Draft
from factory_engine.stages.configured_agent import ConfiguredAgent
from factory_engine.stages.context import RunContext
from factory_engine.stages.launch.worker_folder import WorkerFolder
from factory_engine.stages.prepare import prepared
from factory_engine.state import WorkerState


@dataclass(frozen=True)
class WorkerContext:
    """The surroundings of one worker.

    Args:
        run: the surroundings of its run.
        worker_id: who it is.
    """

    run: RunContext
    worker_id: str

    @property
    def plan(self) -> WorkerPlan:
        """What the sealed plan says of it."""
        return self.run.manifest.plan(self.worker_id)

    @property
    def config(self) -> WorkerConfig:
        """Its settings."""
        return self.run.config.workers[self.worker_id]

    @property
    def agent_settings(self) -> AgentConfig:
        """The settings of its agent."""
        return self.run.config.agents[self.config.agent]

    @property
    def agent(self) -> ConfiguredAgent:
        """Its agent, with its own settings."""
        return ConfiguredAgent(self.agent_settings, self.config)

    @property
    def limits(self) -> WorkLimits:
        """How long it may take, and how much."""
        return self.run.config.limits_of(self.worker_id)

    @property
    def lock(self) -> ScopeLock:
        """The scope lock that counts."""
        return self.run.issued_lock(self.worker_id)

    @property
    def state(self) -> WorkerState:
        """What is recorded of it so far."""
        return self.run.state().workers[self.worker_id]

    @property
    def folder(self) -> WorkerFolder:
        """Its folders, made or not."""
        return WorkerFolder(self.run.worker_folder(self.worker_id))

    def record(self, details: Details) -> None:
        """Record an event of this worker."""
        self.run.record(Draft(details, self.worker_id))

    async def checkouts(self) -> Checkouts:
        """The maker of its checkouts."""
        return await self.run.checkouts(self.run.workspaces)

    async def checkout(self) -> Checkout:
        """The checkout in which it works, made or not.

        Raises:
            StorageError: what it lies over cannot be made. PrepareError: nor what is prepared.
        """
        checkouts = await self.checkouts()
        index = self.run.folder.index_file(self.worker_id)
        layers = await prepared(self.run, self.run.base)
        return await checkouts.of(self.folder.path, index, layers)

    async def make_folder(self, checkout: Checkout) -> None:
        """A fresh workspace of base, an empty outbox, the scope and the prompt to read.

        Raises:
            StorageError: the disk refused.
        """
        await asyncio.to_thread(remove_workspace, self.folder.path)
        self.write_task()
        storage.make_folder(checkout.index.parent)
        await (await self.checkouts()).make_base(checkout)
        carried = await self.run.carried(self.worker_id)
        await asyncio.to_thread(put_files, self.run.repository.root, checkout.top, carried)

    def write_task(self) -> None:
        """The scope and the prompt to read, as they are now; the outbox is there, too.

        Raises:
            StorageError: the disk refused.
        """
        folder = self.folder
        storage.make_folder(folder.outbox)
        storage.replace_file(folder.scope_file, self.lock.to_bytes())
        prompt = render_prompt(
            self.plan.prompt,
            manifest=self.run.manifest,
            lock=self.lock,
            checks=self.config.checks,
            outbox=folder.outbox,
        )
        storage.replace_file(folder.prompt_file, prompt.encode())

    def variables(self, workspace: Path) -> dict[str, str]:
        """What its programs find in their environment; `workspace` as they see it."""
        return {
            "FACTORY_RUN_ID": self.run.manifest.run_id,
            "FACTORY_WORKER_ID": self.worker_id,
            "FACTORY_BASE": self.run.base,
            "FACTORY_SCOPE": str(self.folder.scope_file),
            "FACTORY_PROMPT": str(self.folder.prompt_file),
            "FACTORY_OUTBOX": str(self.folder.outbox),
            "FACTORY_PORT_BASE": str(self.run.ports.base_of(self.worker_id)),
            # a worker that removed its .git must not find a repository further up
            "GIT_CEILING_DIRECTORIES": str(workspace.parent),
        }
