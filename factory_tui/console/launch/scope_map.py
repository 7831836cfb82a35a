"""Who may touch what, before a run: patterns beside workers, and paths of base that two may change.

Owns that comparison. Pure, but for large repositories not quick: runs in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from factory_engine.config.tasks import WorkerConfig
from factory_engine.rules.scope import PatternList, ScopeRules

MOST_PATHS = 20_000
LISTED = 12


@dataclass(frozen=True)
class MapRow:
    """A pattern, and for each worker whether it allows (`x`), blocks (`!`) or shares (`s`) it."""

    pattern: str
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Overlap:
    """Paths of base that several workers may change and not all of them share."""

    letters: str
    paths: tuple[str, ...]
    number: int


def map_rows(workers: Mapping[str, WorkerConfig]) -> list[MapRow]:
    """One row for each pattern, in the order in which they are first named."""
    marks: dict[str, dict[str, str]] = {}
    for worker_id, worker in workers.items():
        scope = worker.scope
        lists = ((scope.allow, "x"), (scope.shared, "s"), (scope.block, "!"))
        for patterns, mark in lists:
            for pattern in patterns:
                marks.setdefault(pattern, {})[worker_id] = mark
    return [MapRow(pattern, found) for pattern, found in marks.items()]


def overlaps(workers: Mapping[str, WorkerConfig], paths: Iterable[str]) -> list[Overlap]:
    """Groups of workers that may meet, with the first paths where they do."""
    rules = {worker_id: _rules(worker) for worker_id, worker in workers.items()}
    found: dict[str, list[str]] = {}
    for path in paths:
        allowed = [w for w, rule in rules.items() if rule.decide(path).allowed]
        if len(allowed) > 1 and not all(rules[w].shared(path) for w in allowed):
            found.setdefault(",".join(w[:1] for w in allowed), []).append(path)
    return [Overlap(who, tuple(all_[:LISTED]), len(all_)) for who, all_ in sorted(found.items())]


def chosen(workers: Mapping[str, WorkerConfig], ids: Sequence[str]) -> dict[str, WorkerConfig]:
    """The workers that take part."""
    return {worker_id: workers[worker_id] for worker_id in ids if worker_id in workers}


def _rules(worker: WorkerConfig) -> ScopeRules:
    scope = worker.scope
    return ScopeRules(PatternList(scope.allow), PatternList(scope.block), PatternList(scope.shared))
