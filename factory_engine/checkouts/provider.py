"""The checkouts of a run's programs, whatever they are made of.

Owns what a checkout is, its making, collecting and putting away. How a program comes to see it at
the repository's own path is the sandbox's.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from factory_engine import storage
from factory_engine.checkouts.collect import collect
from factory_engine.checkouts.collect_changes import collect_changes
from factory_engine.checkouts.differences import lay_out_differences
from factory_engine.checkouts.inspection import Collected, CollectLimits
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layer_record import Layer, facts_of_layer, read_layer, seal
from factory_engine.checkouts.layers import Layers
from factory_engine.checkouts.outputs import copy_outputs
from factory_engine.checkouts.plain import add_repository, checkout_tree
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.reflink import clone_tree
from factory_engine.errors import FactoryError
from factory_engine.git.edge import storage_errors
from factory_engine.git.index import drop_index
from factory_engine.git.process import Git
from factory_engine.git.store import RunStore

_ANYTHING = CollectLimits(max_files=10_000_000, max_file_bytes=1 << 50)

_REFRESH_S = 1800

Storage = Literal["overlay", "reflink", "pool"]
"""What checkouts are made of here; where nothing is in the pool, a plain one is made."""


@dataclass(frozen=True)
class Checkout:
    """The files of one program: of base, or of a tree that differs from it.

    Args:
        top: the folder that holds them; of an overlay only what differs from the layers.
        index: the factory's own index of them, anywhere but inside; of an overlay none is kept.
        layers: of an overlay, what it lies over, the uppermost first; else empty.
        scratch: of an overlay, a folder that is the kernel's alone.
        prepared: what steps have prepared for it, the last first; of an overlay seen over the
            layers, else copied in.
    """

    top: Path
    index: Path
    layers: tuple[Layer, ...] = ()
    scratch: Path | None = None
    prepared: tuple[Layer, ...] = ()

    @property
    def lowers(self) -> tuple[Path, ...]:
        """What an overlay lies over, the uppermost first."""
        return tuple(layer.tree for layer in (*self.prepared, *self.layers)) if self.layers else ()

    @property
    def is_there(self) -> bool:
        """Whether it can be worked in further."""
        folders = [self.top] if self.scratch is None else [self.top, self.scratch]
        real = all(folder.is_dir() and not folder.is_symlink() for folder in folders)
        return real and (self.scratch is not None or self.index.is_file())


@dataclass(frozen=True)
class Checkouts:
    """Makes the checkouts of one run.

    Args:
        store: the run's store.
        base: full id of the base commit.
        kind: what they are made of.
        layers: the kept checkouts of bases.
        pool: the used workspaces of earlier runs.
    """

    store: RunStore
    base: str
    kind: Storage
    layers: Layers
    pool: Pool

    async def of(self, folder: Path, index: Path, prepared: tuple[Layer, ...] = ()) -> Checkout:
        """The checkout that lies, or is to lie, in `folder`; makes nothing in there.

        Args:
            folder: where.
            index: the factory's own index of it.
            prepared: what steps have prepared for it, the last first.

        Raises:
            StorageError: the layers that it needs cannot be made.
        """
        if self.kind != "overlay":
            return Checkout(folder / "tree", index, prepared=prepared)
        layers = await self.layers.stack(self.store, self.base)
        return Checkout(folder / "upper", index, layers, folder / "scratch", prepared)

    async def make_base(self, checkout: Checkout) -> None:
        """Puts base there, for a worker. Nothing may lie there yet.

        Raises:
            StorageError: the disk refused.
        """
        if checkout.layers:
            await self._overlay(checkout, None, ())
        elif self.kind != "reflink" or not await self._clone(checkout):
            await self.pool.take(self.store, self.base, checkout.top, checkout.index)
        await self._put_prepared(checkout)

    async def make_tree(self, checkout: Checkout, tree: str, objects: Sequence[Path] = ()) -> None:
        """Puts the files of `tree` there, for a check: HEAD is at base, the differences are staged.

        Args:
            checkout: from `of`; nothing may lie there yet.
            tree: full id of a tree in the store.
            objects: where the program finds the objects of the tree.

        Raises:
            StorageError: the disk refused.
        """
        if checkout.layers:
            await self._overlay(checkout, tree, objects)
        else:
            await checkout_tree(self.store, tree, checkout.top, checkout.index, self.base, objects)
        await self._put_prepared(checkout)

    async def collect(
        self, checkout: Checkout, limits: CollectLimits, without: Collection[bytes] = ()
    ) -> Collected:
        """The tree of what lies there. No process may be at work in it any more.

        Args:
            checkout: a worker's.
            limits: how much is too much.
            without: paths that are not collected.

        Raises:
            CollectError: it is gone, or git cannot get through it.
            StorageError: the disk refused.
        """
        if not checkout.layers:
            return await collect(
                self.store, checkout.top, checkout.index, self.base, limits, without
            )
        scratch = checkout.index.with_name(f"{checkout.index.name}.changes")
        given = checkout.layers[0].index
        return await collect_changes(
            self.store.git, checkout.top, given, scratch, self.base, limits, without
        )

    async def give_back(self, checkout: Checkout, *, confined: bool) -> None:
        """Keep a used one for another run, where that saves anything.

        Args:
            checkout: no process is at work in it any more.
            confined: whether nothing but what was meant could be written by its program.

        Raises:
            StorageError: the disk refused.
        """
        if self.kind == "pool":
            await self.pool.give_back(
                self.store, self.base, checkout.top, checkout.index, confined=confined
            )

    async def _overlay(self, checkout: Checkout, tree: str | None, objects: Sequence[Path]) -> None:
        assert checkout.scratch is not None
        with storage_errors("a checkout could not be made", checkout.top):
            for folder in (checkout.index.parent, checkout.top, checkout.scratch):
                storage.make_folder(folder, durable=False)
        self._add_repository(checkout, None, objects)
        if tree is None:
            return  # git finds the layer's own index
        index = checkout.top / ".git/index"
        with storage_errors("a checkout could not be made", checkout.top):
            await asyncio.to_thread(storage.disk.copy, checkout.layers[0].index, index)
        await lay_out_differences(self.store.git, self.base, tree, checkout.top, index)

    async def _put_prepared(self, checkout: Checkout) -> None:
        """Copies into a checkout that is no overlay what is prepared for it."""
        if not checkout.layers:
            for layer in reversed(checkout.prepared):
                await asyncio.to_thread(copy_outputs, layer.tree, checkout.top)

    async def _clone(self, checkout: Checkout) -> bool:
        """Base as clones of a kept checkout's files; False where they cannot be cloned."""
        (layer, *below) = await self.layers.stack(self.store, self.base)
        storage.make_folder(checkout.top.parent, durable=False)
        if below or not await asyncio.to_thread(clone_tree, layer.tree, checkout.top):
            return False
        storage.make_folder(checkout.index.parent, durable=False)
        drop_index(checkout.index)
        git = self.store.git.with_index(checkout.index).with_work_tree(checkout.top)
        await git.run("read-tree", self.base)
        # The clones are other files: only by reading them git learns that they are the same.
        await git.run("update-index", "-q", "--refresh", ok=(0, 1), timeout_s=_REFRESH_S)
        self._add_repository(checkout, checkout.index, ())
        return True

    def _add_repository(
        self, checkout: Checkout, index: Path | None, objects: Sequence[Path]
    ) -> None:
        add_repository(
            self.store,
            checkout.top,
            index,
            objects=(self.store.base_store.path / "objects", *objects),
            base=self.base,
        )


async def deep_problems(git: Git, cache: LayerCache) -> list[str]:
    """The keys of layers whose files are not those of their commit; every file is read.

    Args:
        git: the store of base commits.
        cache: the layers.
    """
    problems = []
    for key in await asyncio.to_thread(cache.keys):
        layer = read_layer(cache.folder / key)
        chain = cache.chain(key)
        if layer is None or not chain:
            problems.append(key)
        elif layer.step:  # no commit says what it has to be: it has to be as it was made
            sealed = facts_of_layer(layer.folder).get("sealed")
            if await asyncio.to_thread(seal, layer.folder) != sealed:
                problems.append(key)
        elif not await _holds_its_commit(git, layer, chain[1:]):
            problems.append(key)
    return problems


async def _holds_its_commit(git: Git, layer: Layer, below: Sequence[Layer]) -> bool:
    with tempfile.TemporaryDirectory(prefix=".tmp.proof.", dir=layer.folder) as folder:
        scratch = Path(folder) / "index"
        work = git.with_index(scratch).with_work_tree(layer.tree)
        try:
            if below:
                seen = await collect_changes(
                    work, layer.tree, layer.index, scratch, below[0].commit, _ANYTHING
                )
                tree = (await git.run("rev-parse", "--verify", f"{layer.commit}^{{tree}}")).line
                return seen.tree == tree and not seen.problems
            # Without stat data the refresh reads every file; until then all seem to be changed.
            await work.run("read-tree", layer.commit)
            await work.run("update-index", "-q", "--refresh", ok=(0, 1), timeout_s=_REFRESH_S)
            changed = await work.run("diff-files", "--quiet", "--ignore-submodules", ok=(0, 1))
            new = await work.run("ls-files", "--others", "-z")
        except FactoryError:
            return False
        return changed.rc == 0 and not new.stdout
