"""Kept layers: a checkout of a commit, or what a step has prepared, made once for every run.

Owns their making and their proof. A layer appears whole or not at all and is never written again; a
commit near to one that is kept becomes a folder of differences over it. What is about to be used is
proven by `lstat` against what was noted when it was made, change times and inodes included, which
no ordinary program can put back; what differs is made anew. A shared lock says that a layer is in
use, and dies with whoever uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.differences import lay_out_differences
from factory_engine.checkouts.layer_cache import DEEPEST, LayerCache
from factory_engine.checkouts.layer_record import (
    FACTS,
    FLUSHED,
    INDEX,
    SCHEMA,
    TREE,
    Layer,
    boot,
    bytes_below,
    facts_of_layer,
    layer_key,
    seal,
)
from factory_engine.checkouts.plain import lay_out_files
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.checkouts.shared_lock import SharedLock
from factory_engine.errors import GitError, StorageError
from factory_engine.git.diff import tree_changes
from factory_engine.git.edge import storage_errors
from factory_engine.git.store import RunStore

_Facts = dict[str, object]
_Fill = Callable[[Path], Awaitable[_Facts]]

_NEAR = 5_000  # paths that differ; beyond that a folder of its own is cheaper to read
_CANDIDATES = 4


@dataclass
class Layers:
    """The layers of one repository, as one run uses them.

    Args:
        cache: where they lie.
    """

    cache: LayerCache
    _held: dict[str, SharedLock] = field(default_factory=dict)
    _proven: dict[str, str] = field(default_factory=dict)
    _trusted: dict[str, tuple[Layer, ...]] = field(default_factory=dict)
    _one_at_a_time: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def stack(self, store: RunStore, commit: str) -> tuple[Layer, ...]:
        """The layers for the files of `commit`, the uppermost first, proven and in use from now on.

        They stay in use until `release`. One that is there and not as it was made is made anew.
        What was proven once is taken for granted until `doubt` is called.

        Args:
            store: the run's store, which holds the commit.
            commit: its full id.

        Raises:
            StorageError: the disk refused.
        """

        async def fill(half: Path) -> _Facts:
            return await self._fill(store, commit, half, await self._nearest(store, commit))

        return await self._kept(layer_key(commit), fill)

    async def prepared(self, key: str, step: str, fill: Callable[[Path], Awaitable[None]]) -> Layer:
        """What a step has prepared, proven and in use from now on, as with `stack`.

        Whoever asks first makes it; others that ask meanwhile, in other processes too, wait.

        Args:
            key: names what it is made of, in hex digits.
            step: the name of the step.
            fill: makes it in an empty folder; what it raises is raised, and nothing is kept.

        Raises:
            StorageError: the disk refused.
        """

        async def make(half: Path) -> _Facts:
            tree = half / TREE
            with storage_errors("what was prepared could not be kept", half):
                storage.disk.mkdir(tree)
            await fill(tree)
            # it may have cost minutes and a download: a crash of the machine must not end it
            await asyncio.to_thread(storage.disk.sync_all)
            return {"commit": "", "below": "", "boot": FLUSHED, "step": step}

        return (await self._kept(layer_key(key), make))[0]

    def is_prepared(self, key: str) -> bool:
        """Whether what this key names is there; proves nothing."""
        return bool(self.cache.chain(layer_key(key)))

    async def _kept(self, key: str, fill: _Fill) -> tuple[Layer, ...]:
        async with self._one_at_a_time[key]:
            layers = self._trusted.get(key)
            if layers is None:
                async with self.cache.making(key).exclusively():
                    layers = await self._proven_or_made(key, fill)
                self._trusted[key] = layers
            return layers

    async def _proven_or_made(self, key: str, fill: _Fill) -> tuple[Layer, ...]:
        for _ in range(2):
            if layers := await asyncio.to_thread(self._usable, key):
                for layer in layers:
                    self._use(layer)
                return layers
            await self._make(key, fill)
        raise StorageError(
            "the checkout of base changes while it is made",
            where=str(self.cache.folder),
            advice="see who writes there, then give the same command again",
        )

    def doubt(self) -> None:
        """A program that could have reached the layers ran: they are proven again before use."""
        self._trusted.clear()

    def release(self) -> None:
        """Nothing is in use by this process any more.

        What a program changed here since it was proven is put away: it may have changed what is
        noted of the layer, too, and the next process knows no better.

        Raises:
            StorageError: the disk refused.
        """
        trusted = {layer.key for stack in self._trusted.values() for layer in stack}
        for key, known in self._proven.items():
            if key not in trusted and (self.cache.folder / key).exists():
                self._put_away_unless(key, known)
        self._proven.clear()
        self.doubt()
        for lock in self._held.values():
            lock.release()
        self._held.clear()

    def _put_away_unless(self, key: str, known: str) -> None:
        making, folder = self.cache.making(key), self.cache.folder / key
        try:
            # whoever has the lock proves it, or makes it anew
            if making.take() and seal(folder) != known:
                with storage_errors("a checkout of base could not be put away", folder):
                    storage.disk.replace(folder, self.cache.beside(key))
        finally:
            making.release()

    def _use(self, layer: Layer) -> bool:
        lock = self._held.setdefault(layer.key, self.cache.use(layer.key))
        held = lock.share()
        with contextlib.suppress(OSError):
            os.utime(lock.path)
        return held

    def _usable(self, key: str) -> tuple[Layer, ...]:
        """The stack that `key` is the uppermost of; empty unless each layer is as it was made."""
        chain = self.cache.chain(key)
        return tuple(chain) if all(map(self._proves, chain)) else ()

    def _proves(self, layer: Layer) -> bool:
        """Whether a layer is as this process saw it before, or else as it is said to be."""
        known = self._proven.get(layer.key) or str(facts_of_layer(layer.folder).get("sealed"))
        if known != seal(layer.folder):
            self._proven.pop(layer.key, None)
            return False
        self._proven[layer.key] = known
        return True

    async def _make(self, key: str, fill: _Fill) -> None:
        """Makes the layer beside its place, then gives it its name. Its lock is held."""
        target, half = self.cache.folder / key, self.cache.beside(key)
        with storage_errors("a layer could not be made", half):
            storage.make_folder(self.cache.folder, durable=False)
            storage.disk.mkdir(half)
        try:
            facts = await fill(half)
            sealed = await asyncio.to_thread(seal, half)
            size = await asyncio.to_thread(bytes_below, half / TREE)
            facts |= {"schema_version": SCHEMA, "bytes": size, "sealed": sealed}
            outlasts = facts["boot"] == FLUSHED
            text = json.dumps(facts, indent=2).encode()
            storage.replace_file(half / FACTS, text, durable=outlasts)
            with storage_errors("a layer could not be kept", target):
                if target.exists():  # not as it was: whoever sees it now keeps what is open
                    storage.disk.replace(target, self.cache.beside(key))
                storage.disk.replace(half, target)
            self._proven[key] = sealed
        finally:
            await asyncio.to_thread(remove_workspace, half)

    async def _fill(
        self, store: RunStore, commit: str, half: Path, below: tuple[Layer, ...]
    ) -> _Facts:
        """Makes the files of a checkout in the folder `half`; what there is to note of it."""
        tree, index = half / TREE, half / INDEX
        if below:
            with storage_errors("a checkout of base could not be made", half):
                storage.make_folder(index.parent, durable=False)
                storage.disk.copy(below[0].index, index)
            await lay_out_differences(store.git, below[0].commit, commit, tree, index)
        else:
            await lay_out_files(store.git, commit, tree, index)
        return {"commit": commit, "below": below[0].key if below else "", "boot": boot()}

    async def _nearest(self, store: RunStore, commit: str) -> tuple[Layer, ...]:
        """A stack that differs little from `commit`; none where making anew is as cheap."""
        near: list[tuple[int, str]] = []
        chains = [self.cache.chain(use.key) for use in await asyncio.to_thread(self.cache.uses)]
        fitting = [
            c
            for c in chains
            if c and len(c) < DEEPEST and c[0].commit and c[0].key == layer_key(c[0].commit)
        ]
        for top in [chain[0] for chain in fitting if chain[0].commit != commit][:_CANDIDATES]:
            with contextlib.suppress(GitError):  # its commit may be in the store no more
                changes = await tree_changes(store.git, top.commit, commit)
                near.append((len(changes), top.key))
        for count, key in sorted(near):
            if count > _NEAR or not all(map(self._use, self.cache.chain(key))):
                continue  # somebody is about to remove it
            if stack := await asyncio.to_thread(self._usable, key):
                return stack
        return ()
