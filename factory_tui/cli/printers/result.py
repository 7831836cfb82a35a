"""How a run stands, in a few lines: the verdict, the workers, what blocks, where to read on.

Owns the text that commands print on stdout when they have done their part with a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from factory_engine.amendment import all_words
from factory_engine.artifacts.names import FINAL_REPORT, INTEGRATOR
from factory_engine.escape import printable
from factory_engine.state import CheckState, RunState
from factory_engine.status import Status
from factory_tui.cli.documents.run_document import violation_count
from factory_tui.cli.printers.style import Style, plain, table
from factory_tui.cli.targets import shown_path
from factory_tui.text.checks import explanation, red_checks
from factory_tui.text.runs import changes_of, next_step

LISTED = 20
QUOTED = 8


def result_text(state: RunState, folder: Path, paint: Style = plain) -> str:
    """The lines for a run.

    Args:
        state: the run.
        folder: where it lies.
        paint: colours status words.
    """
    sections = [
        _head(state, paint),
        table(list(_workers(state)), paint=paint),
        [f"AMENDED  {amendment}" for amendment in all_words(state.amendments)],
        list(_problems(state)),
        list(_checks(state, paint)),
        list(_pointers(state, folder)),
    ]
    return "\n".join(line for section in sections for line in section)


def _head(state: RunState, paint: Style) -> list[str]:
    merged = ""
    if state.integrator.files or state.status is Status.PASS:
        merged = f"  {changes_of(state.integrator)}"
    dry = "  (dry run)" if state.dry_run else ""
    lines = [f"{paint(str(state.status))}  {printable(state.run_id)}{merged}{dry}"]
    lines += [
        f"CARRIED  {printable(finding.message, 600)}"
        for finding in state.findings
        if finding.name == "carried" and finding.level == "ok" and state.integrator.checks
    ]
    if state.reason:
        lines.append(f"reason  {printable(state.reason, 600)}")
    elif state.interrupted:
        lines.append(f"stopped by {printable(state.interrupted)}")
    lines += [
        f"{stage.name}  {paint(str(stage.status))}"
        for stage in state.stages
        if not state.status.is_verdict and stage.status.is_verdict
    ]
    lines += [
        f"{finding.level.upper()}  {printable(f'{finding.name}: {finding.message}', 600)}"
        + (f"; {printable(finding.advice, 300)}" if finding.advice else "")
        for finding in state.findings
        if finding.level == "block"
    ]
    return lines


def _workers(state: RunState) -> Iterator[tuple[str, str, str, str]]:
    for worker in state.workers.values():
        remark = printable(worker.reason or worker.title, 160)
        yield printable(worker.letter), str(worker.status), changes_of(worker), remark


def _problems(state: RunState) -> Iterator[str]:
    errors = [violation for violation in state.violations if violation.severity == "error"]
    for violation in errors[:LISTED]:
        who = f"{printable(violation.worker_id)}  " if violation.worker_id else ""
        path = f"{printable(violation.path)}: " if violation.path else ""
        yield f"{printable(violation.code)}  {who}{path}{printable(violation.message, 400)}"
    more = violation_count(state) - min(len(errors), LISTED)
    if len(errors) > LISTED and more > 0:
        yield f"and {more} more, see the report"


def _checks(state: RunState, paint: Style) -> Iterator[str]:
    for name, check in red_checks(state):
        if check not in state.integrator.checks:
            detail = printable(check.detail)
            yield f"{paint(check.status)}  check {printable(name)}, rc {check.rc}, {detail}"
            yield from _why(state, check)
    for check in state.integrator.checks:
        kind = "" if check.required else "optional "
        detail = f", {printable(check.detail)}" if check.detail else ""
        yield f"{paint(check.status)}  {kind}check {printable(check.name)}, rc {check.rc}{detail}"
        if check.rc != 0:
            yield from _why(state, check)


def _why(state: RunState, check: CheckState) -> Iterator[str]:
    yield from (f"  {line}" for line in explanation(state, check, QUOTED))


def _pointers(state: RunState, folder: Path) -> Iterator[str]:
    report = folder / INTEGRATOR / FINAL_REPORT
    yield f"report  {shown_path(report)}" if report.is_file() else f"folder  {shown_path(folder)}"
    yield f"ledger  {state.last_seq} events, head {state.last_event_id}"
    step = next_step(state)
    if step:
        yield f"next    {step}"
