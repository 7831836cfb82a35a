"""A run in words, for the preview beside the list of runs.

Owns that text: how it stands, who did what, what blocks, and what can be done next.
"""

from __future__ import annotations

from factory_engine.status import Status
from factory_tui.console.run.view import (
    RunView,
    activity_of,
    display_status_of,
    display_status_of_stage,
)
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import clock_us, counts, files, hms, utc

LISTED = 12


def preview(view: RunView) -> str:
    """The lines about a run."""
    state = view.state
    if not state.run_id:
        return f"{view.run_id}\n\n{view.problem or 'nothing has been recorded yet'}"
    glyph_of = glyphs().status
    lines = [
        f"{glyph_of[view.display_status]} {view.display_status}  {state.run_id}",
        f"base {one_line(state.base_ref)} {state.base_commit[:12]}"
        + ("  dry run" if state.dry_run else ""),
        f"began {utc(clock_us(state.started_at))} UTC, took {hms(view.elapsed_us)}",
    ]
    if state.reason:
        lines += ["", one_line(state.reason, 600)]
    if view.problem:
        lines += ["", f"LEDGER: {view.problem}"]
    lines.append("")
    for stage in state.stages:
        display_status = display_status_of_stage(view, stage)
        reason = f"  {one_line(stage.reason, 200)}" if stage.reason else ""
        lines.append(f"{glyph_of[display_status]} {stage.name:<16}{display_status:<8}{reason}")
    lines.append("")
    for worker in view.panes:
        display_status = display_status_of(view, worker)
        changed = f"{files(worker.files)} {counts(worker.insertions, worker.deletions)}"
        lines.append(f"{worker.letter} {glyph_of[display_status]} {display_status:<8} {changed}")
        lines.append(f"    {activity_of(view, worker)}")
    lines += _errors(view)
    return "\n".join([*lines, "", *_next(view)])


def _errors(view: RunView) -> list[str]:
    errors = [v for v in view.state.violations if v.severity == "error"]
    if not errors:
        return []
    lines = ["", "What blocks"]
    for v in errors[:LISTED]:
        path = f"{one_line(v.path)}: " if v.path else ""
        lines.append(f"  {v.code} {v.worker_id[:1]} {path}{one_line(v.message, 200)}")
    more = len(errors) - LISTED
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _next(view: RunView) -> list[str]:
    status = view.state.status
    if view.driver:
        return [f"Process {view.driver.pid} drives it ({view.driver.command})."]
    if status is Status.PASS:
        return ["enter opens it; a there puts the result on a new branch"]
    if status is Status.BLOCKED:
        return ["enter opens it; T there shows why, and what can be done"]
    return ["enter opens it; r there goes on with it"]
