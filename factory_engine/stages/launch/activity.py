"""What a worker is doing now, as events: seldom enough for a ledger, often enough for a person.

Owns the grouping. Never looks into the output itself: the driver's reader did that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from factory_engine.agents.protocol import Activity
from factory_engine.events import Draft, WorkerActivity

INTERVAL_S = 1.0
_SUMMED = ("cost_microusd", "tokens_cached", "tokens_in", "tokens_out", "turns")
"""What each attempt counts from 0 again; the rest is how things stand."""


class ActivityRecorder:
    """Records the newest activity at most once in `INTERVAL_S` seconds, and never late by more.

    Args:
        worker_id: whose activity it is.
        record: where events go.
        before: the counts of the attempts before this one.
    """

    def __init__(
        self, worker_id: str, record: Callable[[Draft], None], before: Mapping[str, int]
    ) -> None:
        self._before = {name: before[name] for name in _SUMMED if name in before}
        self._worker_id = worker_id
        self._record = record
        self._kind = ""
        self._text = ""
        self._counts: dict[str, int] = {}
        self._recorded: tuple[str, dict[str, int]] = ("", {})
        self._timer: asyncio.TimerHandle | None = None

    @property
    def doing(self) -> str:
        """The newest activity in words; empty while there is none."""
        return self._text

    @property
    def counts(self) -> dict[str, int]:
        """The newest counts, those of earlier attempts among them."""
        return {name: count + self._before.get(name, 0) for name, count in self._counts.items()}

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
            activity = WorkerActivity(self._kind, self._text, self.counts)
            self._record(Draft(activity, self._worker_id))
