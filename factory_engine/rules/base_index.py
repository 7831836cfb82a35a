"""The names of base: what is there, which folders and links there are, what looks alike.

Owns look-ups in one tree, each index made when it is first asked for. Reads no repository: the
entries are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from factory_engine.git.modes import LINK
from factory_engine.rules.name_folding import fold_path
from factory_engine.rules.paths import parents

Entry = tuple[str, str]
"""Mode and object id."""


@dataclass(frozen=True)
class BaseIndex:
    """One tree.

    Args:
        entries: mode and full object id of every file, link and submodule, by path.
    """

    entries: Mapping[bytes, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, listing: Iterable[tuple[bytes, str, str]]) -> BaseIndex:
        """The index of a listing of path, mode and id."""
        return cls({path: (mode, oid) for path, mode, oid in listing})

    def entry(self, path: bytes) -> Entry | None:
        """Mode and id of `path`; None where there is none, or a folder."""
        return self.entries.get(path)

    def known_components(self, path: bytes) -> int:
        """How many of the first components of `path` are there, as folders or as the whole."""
        if path in self.entries:
            return path.count(b"/") + 1
        known = 0
        for folder in parents(path):
            if folder not in self.folders:
                break
            known += 1
        return known

    @cached_property
    def folders(self) -> Mapping[bytes, int]:
        """Each folder with the number of entries anywhere below it."""
        direct = Counter(path.rpartition(b"/")[0] for path in self.entries)
        total: Counter[bytes] = Counter()
        for folder, count in direct.items():
            if folder:
                total[folder] += count
                for above in parents(folder):
                    total[above] += count
        return total

    @cached_property
    def links(self) -> frozenset[bytes]:
        """The paths of all symbolic links."""
        return frozenset(path for path, (mode, _) in self.entries.items() if mode == LINK)

    @cached_property
    def alike(self) -> Mapping[bytes, tuple[bytes, ...]]:
        """The names of files and folders by their folded form, see `spelling.fold_path`."""
        found: dict[bytes, tuple[bytes, ...]] = {}
        for names in (self.entries, self.folders):
            for name in names:
                folded = fold_path(name)
                found[folded] = (*found[folded], name) if folded in found else (name,)
        return found
