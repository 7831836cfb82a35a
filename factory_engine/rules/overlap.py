"""Where the changes of several workers meet.

Owns the verdict on paths, folders and names that more than one worker touches. Merges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, ordered, violation
from factory_engine.escape import printable
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.collisions import Changes, Collision, collision_violation, collisions
from factory_engine.rules.paths import parents

Shared = Callable[[str, bytes], bool]
"""Whether a worker, by its id, shares a path."""


def overlaps(changes: Changes, shared: Shared, base: BaseIndex) -> list[Violation]:
    """OVERLAP and NAME_COLLISION between workers, and between workers and untouched base.

    Args:
        changes: what each worker changes. Equal changes of two workers are an overlap too.
        shared: what each worker shares. Where every worker involved shares its path, nothing is
            reported but for names that collide, which are then a warning: they merge, but the
            result cannot be checked out everywhere.
        base: the names of base.
    """
    violations = [*_same_path(changes, shared), *_file_against_folder(changes, shared)]
    violations += [
        collision_violation(collision, warning=_all_share(collision, shared))
        for collision in collisions(changes, base)
    ]
    return ordered(violations)


def shared_paths(changes: Changes, shared: Shared) -> dict[bytes, tuple[str, ...]]:
    """The paths that several workers change and all of them share, with those workers, sorted."""
    return {
        path: tuple(workers)
        for path, workers in sorted(_workers_by_path(changes).items())
        if len(workers) > 1 and all(shared(worker_id, path) for worker_id in workers)
    }


def _workers_by_path(changes: Changes) -> dict[bytes, list[str]]:
    found: dict[bytes, list[str]] = {}
    for worker_id in sorted(changes):
        for change in changes[worker_id]:
            found.setdefault(change.path, []).append(worker_id)
    return found


def _same_path(changes: Changes, shared: Shared) -> Iterator[Violation]:
    for path, workers in _workers_by_path(changes).items():
        if len(workers) < 2:
            continue
        alone = [worker_id for worker_id in workers if not shared(worker_id, path)]
        if alone:
            message = f"is changed by {_listed(workers)}, and not shared by {_listed(alone)}"
            yield violation(Code.OVERLAP, message, path=path)


def _file_against_folder(changes: Changes, shared: Shared) -> Iterator[Violation]:
    """A path that is a file for one worker and a folder for another."""
    files = _results(changes)
    below: dict[bytes, dict[str, list[bytes]]] = {}
    for path, workers in files.items():
        for folder in parents(path):
            if folder in files:
                for worker_id in workers:
                    below.setdefault(folder, {}).setdefault(worker_id, []).append(path)
    for folder, others in below.items():
        involved = sorted({*files[folder], *others})
        share = all(shared(w, folder) for w in files[folder]) and all(
            shared(w, path) for w, paths in others.items() for path in paths
        )
        if len(involved) > 1 and not share:
            first = printable(min(path for paths in others.values() for path in paths), 80)
            message = (
                f"is a file of {_listed(files[folder])} and a folder of {_listed(sorted(others))}"
                f", which holds '{first}'"
            )
            yield violation(Code.OVERLAP, message, path=folder)


def _results(changes: Changes) -> Mapping[bytes, Sequence[str]]:
    """The paths that workers leave, deletions not counted."""
    found: dict[bytes, list[str]] = {}
    for worker_id in sorted(changes):
        for change in changes[worker_id]:
            if change.new_mode is not None:
                found.setdefault(change.path, []).append(worker_id)
    return found


def _all_share(collision: Collision, shared: Shared) -> bool:
    owners = [(who, name) for name, all_who in collision.spellings.items() for who in all_who]
    return len(collision.workers) > 1 and all(
        who in collision.workers and shared(who, name) for who, name in owners
    )


def _listed(workers: Sequence[str]) -> str:
    return " and ".join(workers)
