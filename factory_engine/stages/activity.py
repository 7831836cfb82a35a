"""What a worker is doing now, as events: seldom enough for a ledger, often enough for a person.

Owns the grouping. Never looks into the output itself: the driver's reader did that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from factory_engine.agents.protocol import Activity
from factory_engine.events import Draft, EventType

INTERVAL_S = 1.0


class ActivityRecorder:
    """Records the newest activity at most once in `INTERVAL_S` seconds, and never late by more.

    Args:
        worker_id: whose activity it is.
        record: where events go.
    """

    def __init__(self, worker_id: str, record: Callable[[Draft], None]) -> None:
        self._worker_id = worker_id
        self._record = record
        self._kind = ""
        self._text = ""
        self._counts: dict[str, int] = {}
        self._recorded: tuple[str, dict[str, int]] = ("", {})
        self._timer: asyncio.TimerHandle | None = None

    def heard(self, activities: Sequence[Activity]) -> None:
        """Take note of what the reader found; an event follows within the interval."""
        for activity in activities:
            self._counts.update(activity.counts)
            if activity.text:
                self._kind, self._text = activity.kind, activity.text
        if activities and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self._flush)

    def close(self) -> None:
        """Record what is still unrecorded."""
        if self._timer is not None:
            self._timer.cancel()
            self._flush()

    def _flush(self) -> None:
        self._timer = None
        if (self._text, self._counts) != self._recorded:
            self._recorded = (self._text, dict(self._counts))
            details = {"kind": self._kind, "text": self._text, "counts": dict(self._counts)}
            self._record(Draft(EventType.WORKER_ACTIVITY, self._worker_id, details))
