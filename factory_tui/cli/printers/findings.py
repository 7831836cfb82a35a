"""Preconditions as lines: whether each holds, what was found, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory_engine.escape import printable
from factory_engine.events import Finding
from factory_tui.cli.printers.style import Style, plain


def finding_lines(findings: Sequence[Finding], paint: Style = plain) -> Iterator[str]:
    """A line for each precondition: whether it holds, what was found, what to do."""
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        message = printable(finding.message, 400)
        advice = f"; {printable(finding.advice, 400)}" if finding.advice else ""
        level = paint(f"{finding.level.upper():<5}")
        yield f"{level}  {printable(finding.name, 60):<{width}}  {message}{advice}"
