"""How much a worker may take, how long it may be silent, and when it is tried again.

Owns these settings and their defaults. Never counts, waits or stops anything.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from factory_engine.config.fields import Seconds, Settings

RetryKind = Literal["cut", "exit", "rate_limit", "service", "silent", "timeout"]
"""Ends after which another try could go better. A refused login or request is none of them."""

RETRY_KINDS: tuple[RetryKind, ...] = get_args(RetryKind)

Delay = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class RetryConfig(Settings):
    """When and how soon a worker that has `retries` is tried again.

    The first wait is `delay_s`, each further one `factor` times as long, none longer than
    `max_delay_s`. A longer time that the model service asks for is waited for, up to
    `max_delay_s`; beyond that the worker is not tried again.
    """

    delay_s: Delay = 1.0
    factor: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 2.0
    max_delay_s: Delay = 300.0
    on: Annotated[list[RetryKind], Field(max_length=100)] = Field(
        default_factory=lambda: list(RETRY_KINDS)
    )


class WorkLimits(Settings):
    """What bounds a worker, set for it or for its agent; None leaves it to the next in line.

    `timeout_s` is for each attempt; `max_tokens` (read and written) and `max_cost` (US dollars) are
    for all attempts of a worker together. A worker that is silent for `stalled_after_s` is shown as
    stalled, one that is silent for `stop_when_stalled_s` is stopped.
    """

    timeout_s: Seconds | None = None
    max_tokens: Annotated[int, Field(ge=1, le=10**15)] | None = None
    max_cost: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    stalled_after_s: Seconds | None = None
    stop_when_stalled_s: Seconds | None = None


def first_set(*limits: WorkLimits) -> WorkLimits:
    """Each limit as the first of `limits` that sets it has it."""
    names = WorkLimits.model_fields
    found = {
        name: next((value for one in limits if (value := getattr(one, name)) is not None), None)
        for name in names
    }
    return WorkLimits(**found)
