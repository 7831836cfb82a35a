"""When a budget is used up, and in which words."""

from __future__ import annotations

import pytest

from factory_engine.agents.budget import left_to_spend, overspent
from factory_engine.config.limits import WorkLimits


def test_a_budget_that_is_just_used_is_not_used_up() -> None:
    counts = {"tokens_in": 70, "tokens_cached": 60, "tokens_out": 30, "cost_microusd": 2_500_000}
    assert overspent(WorkLimits(max_tokens=100, max_cost=2.5), counts) == ""


def test_what_is_used_up_is_told_with_the_figure() -> None:
    counts = {"tokens_in": 71, "tokens_out": 30, "cost_microusd": 2_510_000}
    tokens = overspent(WorkLimits(max_tokens=100), counts)
    assert tokens == "the budget max_tokens is used up: 101 of 100 tokens"
    cost = overspent(WorkLimits(max_cost=2.5), counts)
    assert cost == "the budget max_cost is used up: 2.51 US dollars of 2.50 US dollars"


def test_without_a_budget_or_a_count_nothing_is_used_up() -> None:
    assert overspent(WorkLimits(), {"tokens_in": 10**12}) == ""
    assert overspent(WorkLimits(max_tokens=1, max_cost=0.01), {"turns": 7}) == ""


@pytest.mark.parametrize(
    ("limit", "spent", "left"), [(None, 5, None), (2.0, 500_000, 1.5), (1.0, 1_000_000, 0.000001)]
)
def test_what_is_left_is_handed_to_the_agent(
    limit: float | None, spent: int, left: float | None
) -> None:
    found = left_to_spend(WorkLimits(max_cost=limit), {"cost_microusd": spent})
    assert found == (None if left is None else pytest.approx(left))
