"""What is kept for later runs of a repository: seen, proven, and removed.

Owns nothing but the questions: what a layer is, who uses it and what can go is the git package's.
"""

from __future__ import annotations

from collections.abc import Sequence

from factory_engine.checkouts.layer_cache import LayerCache, LayerUse
from factory_engine.checkouts.provider import deep_problems
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.clock import Clock
from factory_engine.git.process import Git
from factory_engine.runs.control import DAY_US, Pruned
from factory_engine.runs.project import Project
from factory_engine.stages.baseline import kept_results

__all__ = ["LayerUse", "damaged_layers", "layers", "remove_layers"]


def cache_of(project: Project) -> LayerCache:
    """The layers of a project's repository."""
    return LayerCache(project.workspaces / "layers")


def layers(project: Project) -> list[LayerUse]:
    """Every kept layer, the one that was used last first."""
    return cache_of(project).uses()


async def damaged_layers(project: Project) -> list[str]:
    """The keys of layers whose files are not those of their commit; reads all of them."""
    store = Git(git_dir=project.workspaces / "store.git")
    return await deep_problems(store, cache_of(project))


def remove_layers(
    project: Project, keys: Sequence[str] | None = None, older_than_days: float | None = None
) -> list[Pruned]:
    """Remove layers that nobody uses; with all of them goes what checks said of base.

    Args:
        project: whose.
        keys: which, by their whole key or its beginning; None for all.
        older_than_days: only those that were not used for so long.

    Returns:
        what was removed; one that is in use, or that another one lies over, stays.
    """
    cache = cache_of(project)
    chosen = [
        use
        for use in cache.uses()
        if (keys is None or use.key.startswith(tuple(keys)))
        and (older_than_days is None or _days(project.clock, use) > older_than_days)
    ]
    sizes = {use.key: use.bytes for use in chosen}
    if keys is None and older_than_days is None:
        remove_workspace(kept_results(project.workspaces))
    removed = cache.remove(list(sizes))
    cache.sweep()
    return [Pruned(key, "layer", sizes[key]) for key in removed]


def _days(clock: Clock, use: LayerUse) -> float:
    return (clock.now_us() - use.last_used * 1e6) / DAY_US
