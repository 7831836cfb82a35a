"""The smallest thing that must survive: a ledger that is created and appended to.

Owns that piece of work, and what must hold of the ledger after it was stopped anywhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine.clock import Clock
from factory_engine.events import Draft, WorkerActivity
from factory_engine.ledger import LedgerWriter, read_events, shortfall, verify_chain
from factory_engine.ledger_receipt import Receipt, read_receipt
from tests.support.doomed import Tell

FROZEN = Clock(frozen_us=1_700_000_000_000_000)


def activity(text: str) -> Draft:
    """An event that says `text`."""
    return Draft(WorkerActivity("running", text), "A_worker")


@dataclass(frozen=True)
class Appending:
    """Opens a ledger and appends batches of two events, telling of each batch that is safe.

    Args:
        path: the ledger; made where it is missing.
        batches: how many.
    """

    path: Path
    batches: int = 3

    def __call__(self, tell: Tell) -> None:
        receipt = Receipt(self.path.with_name("acknowledged"))
        writer = LedgerWriter(self.path, "run", FROZEN, receipt)
        with contextlib.closing(writer), contextlib.closing(receipt):
            for number in range(self.batches):
                for event in writer.append([activity(f"first {number}"), activity("second")]):
                    tell(event.event_id)

    def require_kept(self, acknowledged: Sequence[str], *, whole_batches: bool) -> None:
        """All of `acknowledged` is there, and the ledger goes on.

        Args:
            acknowledged: the ids that it told of.
            whole_batches: it was refused, not killed: then all of a batch counts, or nothing.
        """
        if not self.path.exists():
            assert not acknowledged
        told: list[str] = []
        self(told.append)
        events = [event.event_id for event in read_events(self.path)]
        assert events[: len(acknowledged)] == list(acknowledged)
        assert events[-2 * self.batches :] == told
        assert not whole_batches or len(events) % 2 == 0, "half a batch counts"
        head = verify_chain(self.path)
        assert (head.seq, head.torn) == (len(events), 0)
        assert shortfall(self.path, head, read_receipt(self.path.with_name("acknowledged"))) == ""
