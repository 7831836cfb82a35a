"""Which keys of control make no sense now: they are dimmed, and say why when they are pressed.

Owns that judgement for every screen that has such keys. Pure.
"""

from __future__ import annotations

from factory_engine.state import WorkerState
from factory_engine.status import Status
from factory_tui.console.run.view import ACTIVE, RunView, display_status_of
from factory_tui.text.glyphs import DisplayStatus

_NEEDS_TRIAGE = (DisplayStatus.BLOCKED, DisplayStatus.FAIL, DisplayStatus.STALLED)


def disabled_keys(view: RunView, worker: WorkerState | None) -> set[str]:
    """The ids of keys that would do nothing for a run, with `worker` chosen."""
    disabled = set() if _needs_triage(view) else {"triage"}
    if not view.local:
        return disabled | {"cancel_worker", "cancel_run", "retry", "apply"}
    disabled.add("retry" if view.live else "cancel_run")
    if worker is None or display_status_of(view, worker) not in ACTIVE:
        disabled.add("cancel_worker")
    if view.state.status is not Status.PASS:
        disabled.add("apply")
    return disabled


def _needs_triage(view: RunView) -> bool:
    """Whether triage has something to show."""
    if not view.live and view.state.status is not Status.PASS:
        return True
    return any(display_status_of(view, worker) in _NEEDS_TRIAGE for worker in view.panes)
