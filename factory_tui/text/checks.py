"""Why a check is red, in words.

Owns the lines that explain one, wherever they stand: the last of what it said, what it did not
have, whether base is red already, and whose change turns it.
"""

from __future__ import annotations

from collections.abc import Iterator

from factory_engine.escape import printable
from factory_engine.state import CheckState, RunState
from factory_tui.text.events import FLAKY, culprit


def red_checks(state: RunState) -> Iterator[tuple[str, CheckState]]:
    """What is red, each with where: on the merged tree, or, not tried there, on base."""
    merged = {check.name for check in state.integrator.checks}
    for check in state.baseline.values():
        if check.rc != 0 and check.name not in merged:
            yield f"{check.name} on base", check
    for check in state.integrator.checks:
        if check.rc != 0:
            yield check.name, check


def explanation(state: RunState, check: CheckState, most: int = 20) -> list[str]:
    """What is known of a red check, a line each, escaped; what it said is quoted with `| `.

    Args:
        state: the run.
        check: one of Z's, on base or on the merged tree, or of a worker.
        most: how many of its last lines.
    """
    lines = [f"| {printable(line)}".rstrip() for line in check.last_lines[-most:]]
    if check.lacked:
        lines.append(f"what it did not have: {printable('; '.join(check.lacked), 1000)}")
    if check in state.integrator.checks:
        base = state.baseline.get(check.name)
        if check.name in state.culprits:
            lines.append(printable(culprit(check.name, state.culprits[check.name]), 400))
        elif check.name in state.flaky:
            lines.append(FLAKY)
        elif base is not None and base.rc != 0:
            lines.append(printable(culprit(check.name, ()), 400))
    return lines


def about(state: RunState, code: str, message: str) -> CheckState | None:
    """The red check that a violation is about; None where it is about something else."""
    if code == "CHECK":
        found: Iterator[CheckState] = iter(state.integrator.checks)
    elif code == "BASELINE":
        found = iter(state.baseline.values())
    else:
        return None
    return next((c for c in found if c.rc != 0 and message.startswith(f"{c.name} ")), None)
