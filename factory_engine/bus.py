"""Recorded events on their way to whoever listens in this process.

Owns delivery, in order, to each subscriber. Never blocks the recorder and never loses an event: a
subscriber that is slow has a longer queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from factory_engine.events import Event


class Subscription:
    """The events since subscribing, as an async iterator that ends when the bus closes."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def put(self, event: Event | None) -> None:
        """Deliver an event; None ends the iteration."""
        self._queue.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event


class Bus:
    """One publisher, any number of subscribers."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._closed = False

    def subscribe(self) -> Subscription:
        """A new subscription; on a closed bus, one that ends at once."""
        subscription = Subscription()
        self.attach(subscription)
        return subscription

    def attach(self, subscription: Subscription) -> None:
        """Deliver to `subscription` from now on; on a closed bus, end it."""
        if self._closed:
            subscription.put(None)
        self._subscriptions.append(subscription)

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver `events` to everyone."""
        for subscription in self._subscriptions:
            for event in events:
                subscription.put(event)

    def close(self) -> None:
        """End every subscription. Idempotent."""
        if not self._closed:
            self._closed = True
            for subscription in self._subscriptions:
                subscription.put(None)
