"""Names that are one name on some system, or to the eye.

Owns the search in the merged tree. Only names that are new there can be at fault: a collision
inside base is base's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, violation
from factory_engine.escape import exact
from factory_engine.git.diff import TreeChange
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.name_folding import fold_path
from factory_engine.rules.paths import parents
from factory_engine.rules.short_names import by_folder, is_short, long_names

BASE = "base"

Changes = Mapping[str, Sequence[TreeChange]]
"""What each worker changes, by worker id."""


@dataclass(frozen=True)
class Collision:
    """One name in several spellings, each with those who bring it (`base` among them)."""

    spellings: Mapping[bytes, frozenset[str]]
    new: frozenset[bytes]
    how: str = "differs only by case, Unicode normalisation or characters without width"

    @property
    def workers(self) -> list[str]:
        """All who bring one of the spellings, base not counted."""
        return sorted({who for owners in self.spellings.values() for who in owners} - {BASE})


def collisions(changes: Changes, base: BaseIndex) -> list[Collision]:
    """Every collision in what `changes` make of base, the topmost name of each."""
    names = _Names.of(changes, base)
    collisions_at: dict[bytes, Collision] = {}
    for folded in sorted(names.new):
        spellings = dict(names.new[folded])
        for spelled in base.alike.get(folded, ()):
            if owners := names.keepers(spelled, base):
                spellings[spelled] = spellings.get(spelled, frozenset()) | owners
        if len(spellings) > 1 and not _inherited(spellings, collisions_at):
            collisions_at[folded] = Collision(spellings, frozenset(names.new[folded]))
    return [*collisions_at.values(), *_short_names(names, base)]


def _short_names(names: _Names, base: BaseIndex) -> Iterator[Collision]:
    """New names that Windows takes for another one of their folder."""
    new = {path: owners for spelled in names.new.values() for path, owners in spelled.items()}
    short = [path for path in new if is_short(path.rpartition(b"/")[2])]
    if not short:
        return
    kept = (path for path in base.entries if names.keepers(path, base))
    folders = by_folder([*kept, *new])
    for path in sorted(short):
        folder, _, name = path.rpartition(b"/")
        for long in long_names(name, sorted(folders[folder])):
            other = b"/".join((folder, long)) if folder else long
            owners = new.get(other) or names.keepers(other, base)
            yield Collision(
                {path: new[path], other: owners},
                frozenset((path,)),
                "is on Windows the short form of another name",
            )


def collision_violations(changes: Changes, base: BaseIndex) -> Iterator[Violation]:
    """NAME_COLLISION for each collision, whoever is involved."""
    for collision in collisions(changes, base):
        yield collision_violation(collision)


def collision_violation(collision: Collision, *, warning: bool = False) -> Violation:
    """The violation that stands for `collision`; of one worker, when it is the only one."""
    workers = collision.workers
    described = ", ".join(
        f"'{exact(name, 80)}' ({' and '.join(sorted(owners))})"
        for name, owners in sorted(collision.spellings.items())
    )
    return violation(
        Code.NAME_COLLISION,
        f"{collision.how}: {described}",
        worker_id=workers[0] if len(workers) == 1 else "",
        path=min(collision.new),
        severity="warning" if warning else "error",
    )


def _inherited(spellings: Mapping[bytes, object], found: Mapping[bytes, Collision]) -> bool:
    """Whether a folder above collides already, which says it all."""
    return any(fold_path(folder) in found for name in spellings for folder in parents(name))


@dataclass
class _Names:
    """The names of the result: the new ones by folded form, and what base keeps."""

    new: dict[bytes, dict[bytes, frozenset[str]]] = field(default_factory=dict)
    gone: Counter[bytes] = field(default_factory=Counter)
    filled: dict[bytes, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Changes, base: BaseIndex) -> _Names:
        names = cls()
        gone: set[bytes] = set()
        for worker_id, listed in changes.items():
            folders: set[bytes] = set()
            for change in listed:
                if change.new_mode is None:
                    gone.add(change.path)
                    continue
                folders.update(parents(change.path))
                if change.path not in base.entries:
                    names._add(change.path, worker_id)
            for folder in folders:
                names.filled[folder] = names.filled.get(folder, frozenset()) | {worker_id}
                if folder not in base.folders:
                    names._add(folder, worker_id)
        for path in gone & base.entries.keys():
            names.gone.update((path, *parents(path)))
        return names

    def _add(self, name: bytes, worker_id: str) -> None:
        owners = self.new.setdefault(fold_path(name), {})
        owners[name] = owners.get(name, frozenset()) | {worker_id}

    def keepers(self, name: bytes, base: BaseIndex) -> frozenset[str]:
        """Who keeps a name of base: base, the workers that fill an emptied folder, or nobody."""
        entries = 1 if name in base.entries else base.folders[name]
        if entries > self.gone[name]:
            return frozenset((BASE,))
        return self.filled.get(name, frozenset())
