"""When another attempt follows, and how soon."""

from __future__ import annotations

import pytest

from factory_engine.agents.protocol import AgentVerdict
from factory_engine.agents.retry import delay_before_next, with_its_wait
from factory_engine.config.limits import RetryConfig

POLICY = RetryConfig(delay_s=2.0, factor=3.0, max_delay_s=50.0)


def limited(wait_s: float = 0.0) -> AgentVerdict:
    return AgentVerdict(False, "slow down", "rate_limit", retry_after_s=wait_s)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2), (2, 6), (3, 18), (4, 50), (400, 50)])
def test_each_wait_is_longer_up_to_the_longest(attempt: int, seconds: float) -> None:
    assert delay_before_next(limited(), attempt, POLICY) == seconds


def test_the_service_knows_better_how_long_to_wait() -> None:
    assert delay_before_next(limited(40), 1, POLICY) == 40
    assert delay_before_next(limited(1), 1, POLICY) == 2


def test_too_long_a_wait_is_told_instead() -> None:
    assert delay_before_next(limited(51), 1, POLICY) is None
    reason = with_its_wait(limited(51), POLICY).reason
    assert reason == "slow down; it asks to wait 51 s, longer than run.retry.max_delay_s"
    assert with_its_wait(limited(50), POLICY) == limited(50)


def test_only_what_could_end_better_is_tried_again() -> None:
    assert delay_before_next(AgentVerdict(True, "done"), 1, POLICY) is None
    assert delay_before_next(AgentVerdict(False, "not logged in"), 1, POLICY) is None
    cut = AgentVerdict(False, "cut", "cut")
    assert delay_before_next(cut, 1, RetryConfig(on=["service"])) is None
    assert delay_before_next(cut, 1, RetryConfig(on=["cut"])) == 1.0
