"""Which events `factory ledger` shows: what its options take, and what they let through.

Owns the meaning of those options.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from factory_engine.clock import Clock, to_rfc3339
from factory_engine.config.wording import near_name, shown
from factory_engine.events import INTEGRATOR, EventType
from factory_engine.status import Status

_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since(text: str) -> str:
    """A time as events have it, for argparse."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _AGES and number.isdigit():
            ago = timedelta(**{_AGES[unit]: int(number)})
            now = Clock.from_environment().now_us()
            return to_rfc3339(max(0, now - ago // timedelta(microseconds=1)))
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return to_rfc3339((moment - epoch) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        problem = f"{shown(text)} is no time; write 2026-01-31T12:00:00Z or 15m"
        raise argparse.ArgumentTypeError(problem) from None


def actor(text: str) -> str:
    """An actor as events have it, for argparse."""
    if len(text) == 1 and text.upper() in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        letter = text.upper()
        return INTEGRATOR if letter == "Z" else f"{letter}_worker"
    return text


def event_type(text: str) -> str:
    """An event type or a pattern of them, for argparse."""
    if not any(fnmatchcase(known, text) for known in EventType):
        problem = f"there is no event type {shown(text)}; {near_name(text, map(str, EventType))}"
        raise argparse.ArgumentTypeError(problem)
    return text


def status(text: str) -> str:
    """A status word, for argparse."""
    if text.upper() not in list(Status):
        problem = f"there is no status {shown(text)}; {near_name(text.upper(), map(str, Status))}"
        raise argparse.ArgumentTypeError(problem)
    return text.upper()


def wanted(arguments: argparse.Namespace) -> Callable[[dict[str, object]], bool]:
    """What tells whether an event is one that the options ask for."""

    def passes(event: dict[str, object]) -> bool:
        details = event["details"]
        return (
            (arguments.since is None or str(event["ts_utc"]) >= arguments.since)
            and (arguments.actor is None or event["actor"] == arguments.actor)
            and (
                arguments.event_type is None
                or fnmatchcase(str(event["event_type"]), arguments.event_type)
            )
            and (
                arguments.status is None
                or (isinstance(details, dict) and details.get("status") == arguments.status)
            )
        )

    return passes
