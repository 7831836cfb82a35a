"""The only write path of events: number, ledger, fold, bus, in this order.

Owns the current `RunState` of a run that this process drives. Decides nothing.
"""

from __future__ import annotations

from factory_engine.bus import Bus
from factory_engine.events import Draft, Event
from factory_engine.fold import fold_all
from factory_engine.ledger import LedgerWriter
from factory_engine.state import RunState


class Recorder:
    """Turns drafts into events.

    Args:
        writer: the run's ledger, held by this process.
        state: what the events already in the ledger fold to.
        bus: who hears of new events.
    """

    def __init__(self, writer: LedgerWriter, state: RunState, bus: Bus) -> None:
        self._writer = writer
        self._bus = bus
        self.state = state

    def emit(self, *drafts: Draft) -> list[Event]:
        """Record `drafts` together. When this returns they are on disk.

        Raises:
            StorageError: none of them was recorded; nobody heard of them.
        """
        events = self._writer.append(drafts)
        self.state = fold_all(events, self.state)
        self._bus.publish(events)
        return events
