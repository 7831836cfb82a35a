"""Whose changes make a check of the merged tree red.

Owns the search. Nobody is blamed on the word of a single red run: a check that is red and green on
one tree says nothing about changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from factory_engine.config.tasks import CheckConfig
from factory_engine.events import INTEGRATOR, CulpritSearched, Draft
from factory_engine.git.merge import merge_trees
from factory_engine.stages.baseline import on_base
from factory_engine.stages.checks import log_name
from factory_engine.stages.context import RunContext
from factory_engine.stages.integrator_check import run_on

LARGEST_SEARCH = 2  # which worker alone, else which pair; beyond that it takes all of them


async def find_culprits(
    context: RunContext, check: CheckConfig, tree: str, contributions: Sequence[tuple[str, str]]
) -> tuple[str, ...] | None:
    """The smallest set of workers whose changes make `check` red.

    Sets are tried by size, then in the order of worker ids. That of all workers is known to be red.

    Args:
        context: the run.
        check: it was red on `tree`.
        tree: the merged tree.
        contributions: worker ids and the tree of each that changed something.

    Returns:
        their ids; none where base is red already; None where the check is flaky.
    """
    if (await on_base(context, check)).rc != 0:
        context.record(Draft(CulpritSearched(check.name, ()), INTEGRATOR))
        return ()
    if not await _is_red(context, check, tree, "again"):
        context.record(Draft(CulpritSearched(check.name, (), flaky=True), INTEGRATOR))
        return None
    culprits = await _smallest(context, check, contributions)
    context.record(Draft(CulpritSearched(check.name, culprits), INTEGRATOR))
    return culprits


async def _smallest(
    context: RunContext, check: CheckConfig, contributions: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    store = await context.store()
    for size in range(1, min(LARGEST_SEARCH, len(contributions) - 1) + 1):
        for subset in itertools.combinations(contributions, size):
            merged = await merge_trees(store.git, context.base, subset)
            if merged.tree is None:
                continue  # a conflict between these cannot happen where all of them merged
            name = "-".join(worker_id[0] for worker_id, _ in subset)
            # the second run only where it counts: of a set that would be blamed
            if await _is_red(context, check, merged.tree, f"search-{name}") and await _is_red(
                context, check, merged.tree, f"proof-{name}"
            ):
                return tuple(worker_id for worker_id, _ in subset)
    return tuple(worker_id for worker_id, _ in contributions)


async def _is_red(context: RunContext, check: CheckConfig, tree: str, why: str) -> bool:
    ended = await run_on(context, tree, check, log_name(f"{why}-{check.name}"))
    return ended.result.rc != 0
