"""Runs and workers in words and marks.

Owns what is said of them in one line, wherever that line stands.
"""

from __future__ import annotations

from factory_engine.state import RunState, WorkerState
from factory_engine.status import Status
from factory_tui.text.units import changes


def changes_of(worker: WorkerState) -> str:
    """What a worker, or Z, has changed: `3 files +10 -2`."""
    return changes(
        {
            "files": worker.files,
            "insertions": worker.insertions,
            "deletions": worker.deletions,
        }
    )


def next_step(state: RunState) -> str:
    """The command that goes on from here; empty where there is nothing left to do."""
    run = f"--run-id {state.run_id}"
    if state.status is Status.PASS:
        return f"factory apply {run}" if state.integrator.files else ""
    if state.status is Status.BLOCKED:
        return f"factory print-report {run}"
    if state.stage("bundle-validate").status is Status.PASS:
        return f"factory integrate {run}"
    if state.stage("launch").status is Status.PASS:
        return f"factory bundle-validate {run}"
    return f"factory oneshot {run}"
