"""Whether a worker has taken more than it may.

Owns the comparison and its words. Counts nothing by itself: the numbers are those that the agent
tells in its stream, so that an agent that tells none has no budget.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory_engine.config.limits import WorkLimits

MICRO = 1_000_000


def overspent(limits: WorkLimits, counts: Mapping[str, int]) -> str:
    """The budget that is used up, with the figure; empty while there is none.

    Args:
        limits: what it may take.
        counts: what it has taken: `tokens_in` (cached ones are among them), `tokens_out` and
            `cost_microusd`.
    """
    tokens = counts.get("tokens_in", 0) + counts.get("tokens_out", 0)
    if limits.max_tokens is not None and tokens > limits.max_tokens:
        return f"the budget max_tokens is used up: {tokens} of {limits.max_tokens} tokens"
    cost = counts.get("cost_microusd", 0) / MICRO
    if limits.max_cost is not None and cost > limits.max_cost:
        return f"the budget max_cost is used up: {dollars(cost)} of {dollars(limits.max_cost)}"
    return ""


def dollars(amount: float) -> str:
    """`2.51 US dollars`, `0.0057 US dollars`."""
    return f"{amount:.{2 if amount >= 1 else 4}f} US dollars"


def left_to_spend(limits: WorkLimits, counts: Mapping[str, int]) -> float | None:
    """What is left of `max_cost`, in US dollars; None for no such limit."""
    if limits.max_cost is None:
        return None
    return max(limits.max_cost - counts.get("cost_microusd", 0) / MICRO, 1 / MICRO)
