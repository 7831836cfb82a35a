"""How long to wait before another attempt, if there is to be one.

Owns that decision alone: pure, so that the same failures lead to the same waits.
"""

from __future__ import annotations

from dataclasses import replace

from factory_engine.agents.protocol import AgentVerdict
from factory_engine.config.limits import RetryConfig


def delay_before_next(verdict: AgentVerdict, attempt: int, policy: RetryConfig) -> float | None:
    """The seconds to wait; None where no other attempt makes sense.

    Args:
        verdict: how the attempt ended.
        attempt: its number, from 1 up.
        policy: when and how soon.
    """
    if verdict.ok or verdict.kind is None or verdict.kind not in policy.on:
        return None
    if verdict.retry_after_s > policy.max_delay_s:
        return None
    own = min(policy.delay_s * policy.factor ** (attempt - 1), policy.max_delay_s)
    return max(own, verdict.retry_after_s)


def with_its_wait(verdict: AgentVerdict, policy: RetryConfig) -> AgentVerdict:
    """The verdict; where the service asks for a longer wait than the policy allows, with that."""
    if verdict.retry_after_s <= policy.max_delay_s:
        return verdict
    asked = f"; it asks to wait {verdict.retry_after_s:g} s, longer than run.retry.max_delay_s"
    return replace(verdict, reason=verdict.reason + asked)
