"""What every stage is given: the run's plan, its folders, the repository, and `emit`.

Owns nothing that changes but the opening of the git store. Stages know no ledger, no bus and no
terminal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.manifest import RunManifest, issued_lock
from factory_engine.artifacts.names import INTEGRATOR
from factory_engine.checkouts.carried import AUTO, Carried, find_carried
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layers import Layers
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.provider import Checkouts
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.clock import Clock
from factory_engine.config.locations import signing_key
from factory_engine.config.models import Config
from factory_engine.events import Draft, Finding
from factory_engine.git.history import History, copy_history
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore, RunStore, create_run_store
from factory_engine.git.store_proof import Facts, doubt_if_changed, facts_of
from factory_engine.processes.marker import Marker
from factory_engine.provenance.keys import read_signing_key
from factory_engine.run_folder import GuardedWriter, RunFolder
from factory_engine.sandbox import probe, secrets
from factory_engine.stages.isolation import Isolation, find_isolation
from factory_engine.stages.ports import Ports
from factory_engine.state import RunState
from factory_engine.status import Status

PREPARE = "prepare"
"""Whose a program is that prepares checkouts, beside the workers and Z."""


@dataclass(frozen=True)
class StageOutcome:
    """How a stage ended: PASS or BLOCKED, and why in one line; None where it never says.

    `violations` are the run's own: with one there is nothing that the stages after it could judge.
    """

    status: Status
    reason: str | None = ""
    violations: tuple[Violation, ...] = ()


def carry_patterns(config: Config, owner: str) -> tuple[str, ...]:
    """The patterns of what is carried into the checkouts of a worker, of Z, or of no step."""
    if owner == PREPARE:
        return ()
    own = config.integrator.carry if owner == INTEGRATOR else None
    carry = config.workspace.carry if own is None else own
    return AUTO if carry == "auto" else tuple(carry)


@dataclass(frozen=True)
class RunContext:
    """The surroundings of one run.

    Args:
        folder: the run's folder.
        manifest: the sealed plan.
        config: the configuration that the plan was made from, with this machine's paths.
        repository: the user's repository, only ever read.
        runs_dir: the folder of all runs.
        workspaces: this repository's part of the workspaces folder.
        clock: the only source of time.
        environment: what this process inherited, for the programs it starts.
        emit: records drafts as events; when it returns they are on disk.
        state: the state after everything emitted so far.
        prepare_keys: what is known of the keys of steps, by tree and name of the step.
    """

    folder: RunFolder
    manifest: RunManifest
    config: Config
    repository: Repository
    runs_dir: Path
    workspaces: Path
    clock: Clock
    environment: Mapping[str, str]
    emit: Callable[..., object]
    state: Callable[[], RunState]
    written: dict[str, str] = field(default_factory=dict)
    prepare_keys: dict[tuple[str, str], str] = field(default_factory=dict)
    _store_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _opened: list[RunStore] = field(default_factory=list)
    _isolation: list[Isolation] = field(default_factory=list)
    _layers: list[Layers] = field(default_factory=list)
    _seen: list[tuple[Path, Facts]] = field(default_factory=list)
    _ports: list[Ports] = field(default_factory=list)
    _carry_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _carried: dict[tuple[str, ...], tuple[Carried, ...]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The base commit."""
        return self.manifest.base_commit

    @property
    def writer(self) -> GuardedWriter:
        """The one writer of artifacts."""
        return GuardedWriter(self.folder.path, self.written)

    def written_of(self, owner: str) -> dict[str, str]:
        """What this process wrote for a worker or Z: the sha256 of the bytes, by path."""
        begin = f"{owner}/"
        return {path: digest for path, digest in self.written.items() if path.startswith(begin)}

    def clear_bundle(self, owner: str) -> None:
        """Remove what lies there of a worker or Z. Raises StorageError where something stays."""
        for path in self.written_of(owner):
            del self.written[path]
        remove_workspace(self.folder.bundle(owner))

    def changed_since_written(self, owner: str) -> list[str]:
        """What lies there otherwise than this process wrote it; nothing if it wrote none."""
        written = self.written_of(owner)
        found = self.folder.digests(owner) if written else {}
        paths = written.keys() | found.keys()
        return sorted(path for path in paths if written.get(path) != found.get(path))

    def record(self, *drafts: Draft) -> None:
        """Record drafts as events."""
        self.emit(*drafts)

    async def store(self) -> RunStore:
        """The run's git store with base in it, made on first use: a dry run needs none."""
        async with self._store_lock:
            if not self._opened:
                # marked, so that a git that outlives a killed factory is ended with the rest
                mark = tuple(self.marker().variables().items())
                base_store = BaseStore(self.workspaces / "store.git", mark)
                mended = await base_store.ensure(self.repository, self.base)
                if mended:
                    self.record(Draft(Finding("cache", "warn", mended, "")))
                form = self.repository.object_format
                history = await self._history()
                for path in (base_store.path, self.history_folder):
                    self._seen.append((path, await asyncio.to_thread(facts_of, path)))
                self._opened.append(
                    await create_run_store(self.folder.store, base_store, form, history)
                )
        return self._opened[0]

    @property
    def history_folder(self) -> Path:
        """Where the history that checkouts show is kept."""
        return self.workspaces / "history.git"

    async def _history(self) -> History | None:
        if self.config.workspace.history == "none":
            return None
        ref = self.manifest.base_ref
        return await copy_history(self.repository, self.base, ref, self.history_folder)

    def signing_key(self) -> bytes | None:
        """The key to sign with, read anew each time and kept nowhere; None where none is set.

        Raises:
            UsageError: it cannot be used. FactoryError: the library for it is missing.
        """
        path = signing_key(self.config)
        if path is None:
            return None
        return read_signing_key(path, (self.repository.root, self.runs_dir))

    @property
    def layers(self) -> Layers:
        """The kept checkouts of bases; those that this run uses are in use until `release`."""
        if not self._layers:
            self._layers.append(Layers(LayerCache(self.workspaces / "layers")))
        return self._layers[0]

    @property
    def ports(self) -> Ports:
        """The ports of this run's programs."""
        if not self._ports:
            self._ports.append(Ports(self.workspaces.parent / "ports"))
        return self._ports[0]

    def release(self) -> None:
        """Nothing of the cache is in use any more; what is too much of it goes."""
        for ports in self._ports:
            ports.release()
        for store, before in self._seen:
            doubt_if_changed(store, before)
        for layers in self._layers:
            layers.release()
            layers.cache.sweep()
            layers.cache.trim(self.config.cache.max_bytes)

    @property
    def home(self) -> Path:
        """The home folder of whoever has this run's environment."""
        return Path(self.environment.get("HOME") or Path.home())

    async def isolation(self) -> Isolation:
        """What the programs of this run can be made to find where; tried once."""
        if not self._isolation:
            isolation = await find_isolation(
                self.repository, self.home, self.workspaces, self.runs_dir
            )
            self._isolation.append(isolation)
        return self._isolation[0]

    async def carried(self, owner: str) -> tuple[Carried, ...]:
        """What of the operator's work tree a worker, or Z, finds in its checkouts.

        Nothing where it could only be shown by copying all of it: without mounts.
        """
        layer = await asyncio.to_thread(probe, secrets(self.home))
        if not (await self.isolation()).mounts and layer.name != "bubblewrap":
            return ()
        patterns = carry_patterns(self.config, owner)
        async with self._carry_lock:
            if patterns not in self._carried:
                prepared = [self.repository.root / path for path in self.config.workspace.outputs]
                excluded = (self.runs_dir, self.workspaces, *prepared)
                self._carried[patterns] = await find_carried(
                    self.repository, self.base, patterns, excluded
                )
        return self._carried[patterns]

    async def checkouts(self, folder: Path) -> Checkouts:
        """The maker of checkouts in `folder`: that of the workspaces, or the run's own."""
        isolation = await self.isolation()
        return Checkouts(
            store=await self.store(),
            base=self.base,
            kind=isolation.storage_in(folder),
            layers=self.layers,
            pool=Pool(self.workspaces / "pool"),
        )

    def marker(self, worker_id: str | None = None) -> Marker:
        """The mark of every process of this run, or of one worker of it."""
        return Marker.of_run(self.folder.path, self.manifest.run_id, worker_id)

    def mark(self, owner: str = "") -> str:
        """Names what is mounted for one worker or Z, or begins what all of the run is named."""
        marker = self.marker()
        end = f"{owner}/" if owner else ""
        return f"factory/{marker.place}/{marker.run_id}/{end}"

    def worker_folder(self, worker_id: str) -> Path:
        """Where a worker's workspace, outbox and prompt lie, outside the repository."""
        return self.workspaces / "runs" / self.manifest.run_id / worker_id

    def issued_lock(self, worker_id: str) -> ScopeLock:
        """The lock that counts: the plan's, or what an operator amended it to."""
        return issued_lock(self.manifest, worker_id, self.state().amended_locks.get(worker_id))
