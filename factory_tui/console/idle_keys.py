"""Which keys of control make no sense now: they are dimmed, and say why when they are pressed.

Owns that judgement for every screen that has such keys. Pure.
"""

from __future__ import annotations

from factory_engine.state import WorkerState
from factory_engine.status import Status
from factory_tui.console.view import ACTIVE, RunView, standing_of


def idle_keys(view: RunView, worker: WorkerState | None) -> set[str]:
    """The ids of keys that would do nothing for a run, with `worker` chosen."""
    if not view.local:
        return {"cancel_worker", "cancel_run", "retry", "apply"}
    found = {"retry"} if view.live else {"cancel_run"}
    if worker is None or standing_of(view, worker) not in ACTIVE:
        found.add("cancel_worker")
    if view.state.status is not Status.PASS:
        found.add("apply")
    return found
