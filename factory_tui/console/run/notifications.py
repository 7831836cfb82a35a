"""What is worth a notification: a state that became another one.

Owns that judgement. Activity, time and log lines are none; what was so before is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from factory_engine.status import Status
from factory_tui.console.run.view import RunView, display_status_of, quiet_us
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus
from factory_tui.text.units import short

Severity = Literal["information", "warning", "error"]
_SEVERITY: dict[DisplayStatus, Severity] = {
    DisplayStatus.PASS: "information",
    DisplayStatus.BLOCKED: "warning",
    DisplayStatus.FAIL: "error",
    DisplayStatus.STALLED: "warning",
    DisplayStatus.RETRY: "warning",
    DisplayStatus.STOPPED: "warning",
}


@dataclass(frozen=True)
class Notification:
    """One notification; `passes` False for one that stays until somebody has seen it."""

    title: str
    text: str
    severity: Severity

    @property
    def passes(self) -> bool:
        """Whether it goes away by itself: an error does not."""
        return self.severity != "error"


def notifications(before: RunView, after: RunView) -> Iterator[Notification]:
    """What changed between two views of one run."""
    if before.run_id != after.run_id:
        return
    if after.problem and after.problem != before.problem:
        yield Notification("Ledger", after.problem, "error")
    yield from _workers(before, after)
    yield from _run(before, after)


def _workers(before: RunView, after: RunView) -> Iterator[Notification]:
    for worker in after.state.workers.values():
        old = before.worker(worker.worker_id)
        if old is None:
            continue
        display_status = display_status_of(after, worker)
        if display_status is display_status_of(before, old) or display_status not in _SEVERITY:
            continue
        if display_status is DisplayStatus.STOPPED or (
            display_status is DisplayStatus.PASS and old.collected
        ):
            continue  # said once: by the run, or when the bundle was collected
        reason = worker.reason or (
            "bundle collected" if display_status is DisplayStatus.PASS else ""
        )
        if display_status is DisplayStatus.STALLED:
            reason = f"no output for {short(quiet_us(after, worker) or 0)}"
        yield Notification(
            f"{worker.letter} {display_status}", one_line(reason), _SEVERITY[display_status]
        )


def _run(before: RunView, after: RunView) -> Iterator[Notification]:
    old, new = before.state.status, after.state.status
    if new is not old and new.is_verdict:
        severity = _SEVERITY[DisplayStatus(new.value)]
        reason = after.state.reason or "every required check is green"
        yield Notification(f"Run {new}", one_line(reason), severity)
    elif after.state.interrupted and not before.state.interrupted:
        yield Notification("Run STOPPED", f"by {one_line(after.state.interrupted)}", "warning")
    elif before.live and not after.live and new in (Status.RUNNING,):
        reason = "the process that drove the run is gone; `factory oneshot` goes on with it"
        yield Notification("Run STOPPED", reason, "error")
