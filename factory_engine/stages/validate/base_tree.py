"""Base as the judging sees it, and the contents that changes yield.

Owns the git reads that several bundles share. Nothing is read before it is needed, so that judging
empty bundles needs no git at all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from factory_engine.git import diff
from factory_engine.git.blobs import stream_blobs
from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import GITLINK
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.bundle import contents_wanted
from factory_engine.stages.context import RunContext

_LARGEST_KEPT = 1 << 20


@dataclass(frozen=True)
class Contents:
    """By object id: the sha256 and the size of each content, and the few that are looked into."""

    sha256: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)


class _Gathering:
    """Takes note of contents as they go by.

    Of one that should be kept and is too large for what it is, no link and no attributes, nothing
    is kept: then it counts as one that cannot be read.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        self.contents = Contents()
        self.wanted = wanted

    def begin(self, oid: str) -> None:
        self._oid, self._size, self._kept = oid, 0, bytearray()
        self._digest = hashlib.sha256()

    def take(self, piece: memoryview) -> None:
        self._digest.update(piece)
        self._size += len(piece)
        if self._oid in self.wanted and self._size <= _LARGEST_KEPT:
            self._kept += piece

    def end(self) -> None:
        self.contents.sha256[self._oid] = self._digest.hexdigest()
        self.contents.sizes[self._oid] = self._size
        if self._oid in self.wanted and self._size <= _LARGEST_KEPT:
            self.contents.kept[self._oid] = bytes(self._kept)


class BaseTree:
    """The tree of a run's base commit."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._index: BaseIndex | None = None
        self._lock = asyncio.Lock()

    async def index(self, *, needed: bool = True) -> BaseIndex:
        """What base holds; an empty index where it is not `needed`."""
        if not needed:
            return BaseIndex()
        async with self._lock:
            if self._index is None:
                store = await self._context.store()
                listing = await diff.tree_paths(store.git, self._context.base)
                self._index = BaseIndex.of(listing)
        return self._index

    async def changes(self, tree: str | None) -> tuple[TreeChange, ...]:
        """What `tree` changes of base; nothing for None."""
        if tree is None:
            return ()
        store = await self._context.store()
        return await diff.tree_changes(store.git, self._context.base, tree)

    async def link_targets(self, oids: Collection[str]) -> dict[str, bytes]:
        """What links say, by object id; one that is too long for a path is left out."""
        gathering = _Gathering(frozenset(oids))
        if oids:
            store = await self._context.store()
            await stream_blobs(store.git, sorted(gathering.wanted), gathering)
        return gathering.contents.kept

    async def contents(self, changes: Sequence[TreeChange]) -> Contents:
        """What the judging needs to know of every content, old and new, that `changes` name."""
        sides = [(c.old_oid, c.old_mode) for c in changes] + [
            (c.new_oid, c.new_mode) for c in changes
        ]
        oids = sorted({oid for oid, mode in sides if oid is not None and mode != GITLINK})
        gathering = _Gathering(frozenset(contents_wanted(changes)))
        if oids:
            store = await self._context.store()
            await stream_blobs(store.git, oids, gathering)
        return gathering.contents
