"""Recorded events on their way to whoever listens."""

from __future__ import annotations

from pathlib import Path

from factory_engine.bus import Bus, Subscription
from factory_engine.events import Event
from factory_engine.ledger import read_events

EVENTS = list(read_events(Path(__file__).parents[1] / "ledgers" / "dry_run.jsonl"))[:3]


async def heard(subscription: Subscription) -> list[Event]:
    return [event async for event in subscription]


async def test_everyone_hears_everything_since_subscribing_in_order() -> None:
    bus = Bus()
    first = bus.subscribe()
    bus.publish(EVENTS[:1])
    second = bus.subscribe()
    bus.publish(EVENTS[1:])
    bus.close()
    assert await heard(first) == EVENTS
    assert await heard(second) == EVENTS[1:]


async def test_a_closed_bus_ends_whoever_comes_late() -> None:
    bus = Bus()
    bus.close()
    bus.close()
    assert await heard(bus.subscribe()) == []
