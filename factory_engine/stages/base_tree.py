"""Base as the judging sees it, and the contents that changes yield.

Owns the git reads that several bundles share. Nothing is read before it is needed, so that judging
empty bundles needs no git at all.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from factory_engine.git import diff
from factory_engine.git.blobs import each_blob
from factory_engine.git.diff import TreeChange
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.bundle import contents_wanted
from factory_engine.rules.policy import GITLINK
from factory_engine.stages.context import RunContext


@dataclass(frozen=True)
class Contents:
    """By object id: the sha256 and the size of each content, and the few that are looked into."""

    sha256: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)

    def add(self, oid: str, data: bytes, keep: bool) -> None:
        """Take note of one content; its bytes are let go unless they are to be kept."""
        self.sha256[oid] = hashlib.sha256(data).hexdigest()
        self.sizes[oid] = len(data)
        if keep:
            self.kept[oid] = bytes(data)


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

    async def contents(self, changes: Sequence[TreeChange]) -> Contents:
        """What the judging needs to know of every content, old and new, that `changes` name."""
        sides = [(c.old_oid, c.old_mode) for c in changes] + [
            (c.new_oid, c.new_mode) for c in changes
        ]
        oids = sorted({oid for oid, mode in sides if oid is not None and mode != GITLINK})
        found = Contents()
        if oids:
            wanted = frozenset(contents_wanted(changes))
            store = await self._context.store()
            await each_blob(store.git, oids, lambda oid, data: found.add(oid, data, oid in wanted))
        return found
