"""How an execution is kept within its limits."""

from __future__ import annotations

import asyncio

from factory_engine.agents.protocol import Activity
from factory_engine.config.limits import WorkLimits
from factory_engine.events import Draft, WorkerHeard, WorkerStalled
from factory_engine.stages.launch.activity import ActivityRecorder
from factory_engine.stages.launch.watchdog import Watchdog


class Guarded:
    """A watchdog, what it records, and the activity that it looks at."""

    def __init__(self, **limits: float) -> None:
        self.drafts: list[Draft] = []
        self.activity = ActivityRecorder("A_worker", self.drafts.append, {})
        settings = WorkLimits.model_validate(limits)
        self.watchdog = Watchdog("A_worker", settings, self.activity, self.drafts.append)

    def says(self, activity: Activity) -> None:
        self.activity.heard([activity])
        self.watchdog.heard()

    def kinds(self) -> list[type]:
        return [type(draft.details) for draft in self.drafts]

    def close(self) -> None:
        self.watchdog.close()
        self.activity.close()


async def test_silence_is_told_when_it_is_too_long_and_when_it_is_over() -> None:
    guarded = Guarded(stalled_after_s=0.02)
    await asyncio.sleep(0.1)
    assert guarded.kinds() == [WorkerStalled]
    guarded.watchdog.heard()
    assert guarded.kinds() == [WorkerStalled, WorkerHeard]
    guarded.close()
    assert not guarded.watchdog.stop.is_set()


async def test_a_longer_silence_stops_it_with_what_was_seen_last() -> None:
    guarded = Guarded(stop_when_stalled_s=0.02)
    guarded.activity.heard([Activity("running", "make")])
    await guarded.watchdog.stop.wait()
    guarded.close()
    verdict = guarded.watchdog.verdict
    assert verdict is not None
    assert (verdict.ok, verdict.kind) == (False, "silent")
    assert verdict.reason.endswith("(stop_when_stalled_s): stopped; last seen make")


async def test_a_used_up_budget_stops_it_for_good() -> None:
    guarded = Guarded(max_tokens=10)
    guarded.says(Activity("tokens", counts={"tokens_in": 5, "tokens_out": 4}))
    assert not guarded.watchdog.stop.is_set()
    guarded.says(Activity("tokens", counts={"tokens_in": 9, "tokens_out": 4}))
    guarded.close()
    assert guarded.watchdog.stop.is_set()
    verdict = guarded.watchdog.verdict
    assert verdict is not None
    assert not verdict.retryable
    assert "max_tokens" in verdict.reason


async def test_the_first_verdict_stands() -> None:
    guarded = Guarded(max_tokens=1)
    guarded.says(Activity("tokens", counts={"tokens_in": 2}))
    first = guarded.watchdog.verdict
    guarded.says(Activity("tokens", counts={"tokens_in": 50}))
    guarded.close()
    assert guarded.watchdog.verdict is first
