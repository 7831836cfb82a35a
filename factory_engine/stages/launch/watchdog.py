"""How one execution of a worker's program is kept within its limits.

Owns the wish to stop it when it has taken too much or is silent for too long, and the events about
its silence. Ends nothing itself, and knows no deadline: that is the supervision's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from factory_engine.agents.budget import overspent
from factory_engine.agents.protocol import AgentVerdict
from factory_engine.config.limits import WorkLimits
from factory_engine.events import Draft, WorkerHeard, WorkerStalled
from factory_engine.stages.launch.activity import ActivityRecorder


class Watchdog:
    """The limits of an execution that has just begun.

    Silence is told once when it has become too long, and once when it is over.

    Args:
        worker_id: whose they are.
        limits: how much and how long.
        activity: what it is doing, and its counts.
        record: where events go.

    Attributes:
        stop: set when it is to be stopped.
        verdict: the verdict then; None before.
    """

    def __init__(
        self,
        worker_id: str,
        limits: WorkLimits,
        activity: ActivityRecorder,
        record: Callable[[Draft], None],
    ) -> None:
        self.stop = asyncio.Event()
        self.verdict: AgentVerdict | None = None
        self._worker_id = worker_id
        self._limits = limits
        self._activity = activity
        self._record = record
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._stalled = False
        self._timer: asyncio.TimerHandle | None = None
        self._look_later()

    def heard(self) -> None:
        """Its program has said something, which the activity knows already."""
        silent = self._silent_s()
        self._last = self._loop.time()
        if self._stalled:
            self._stalled = False
            self._record(Draft(WorkerHeard(round(silent)), self._worker_id))
            self._look_later()
        if spent := overspent(self._limits, self._activity.counts):
            self._break(AgentVerdict(False, spent))

    def close(self) -> None:
        """Its program has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        silent, limits = self._silent_s(), self._limits
        if not self._stalled and _reached(limits.stalled_after_s, silent):
            self._stalled = True
            stalled = WorkerStalled(round(silent), self._activity.doing)
            self._record(Draft(stalled, self._worker_id))
        if _reached(limits.stop_when_stalled_s, silent):
            last = f"; last seen {doing}" if (doing := self._activity.doing) else ""
            reason = f"silent for {limits.stop_when_stalled_s:g} s (stop_when_stalled_s): stopped"
            self._break(AgentVerdict(False, reason + last, "silent"))
        self._look_later()

    def _look_later(self) -> None:
        """At the next limit of silence that is still ahead."""
        self.close()
        limits = (self._limits.stalled_after_s, self._limits.stop_when_stalled_s)
        silent = self._silent_s()
        ahead = [limit - silent for limit in limits if limit is not None and limit > silent]
        self._timer = self._loop.call_later(min(ahead), self._look) if ahead else None

    def _silent_s(self) -> float:
        return self._loop.time() - self._last

    def _break(self, verdict: AgentVerdict) -> None:
        self.verdict = self.verdict or verdict
        self.stop.set()


def _reached(limit_s: float | None, silent_s: float) -> bool:
    return limit_s is not None and silent_s >= limit_s
