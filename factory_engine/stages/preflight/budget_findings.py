"""Whether the budgets of a configuration can be kept.

Owns that one precondition: a limit that nothing would ever reach is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator

from factory_engine.agents import driver
from factory_engine.config.models import Config
from factory_engine.errors import UsageError
from factory_engine.events import Finding


def budget_findings(config: Config) -> Iterator[Finding]:
    """The budgets of workers whose agents never tell what they take."""
    for worker_id, worker in sorted(config.workers.items()):
        if not worker.has_task:
            continue
        limits = config.limits_of(worker_id)
        budgets = {"max_tokens": limits.max_tokens, "max_cost": limits.max_cost}
        reported = _reported(config.agents[worker.agent].protocol)
        for name, limit in budgets.items():
            if limit is not None and name not in reported:
                yield Finding(
                    f"{worker_id} budget",
                    "block",
                    f"{name} cannot be kept: the agent {worker.agent} tells nothing of it",
                    "remove it; timeout_s bounds every agent",
                )


def _reported(protocol: str) -> set[str]:
    """The budgets that can be kept; all of them for a protocol that is refused anyway."""
    try:
        return {f"max_{name}" for name in driver(protocol).reports}
    except UsageError:
        return {"max_tokens", "max_cost"}
