"""Preconditions as lines, and sizes in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory_engine.rules.escape import printable
from factory_engine.state import Finding
from factory_tui.cli.printers.style import Style, plain


def finding_lines(findings: Sequence[Finding], paint: Style = plain) -> Iterator[str]:
    """A line for each precondition: whether it holds, what was found, what to do."""
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        message = printable(finding.message, 400)
        advice = f"; {printable(finding.advice, 400)}" if finding.advice else ""
        level = paint(f"{finding.level.upper():<5}")
        yield f"{level}  {printable(finding.name, 60):<{width}}  {message}{advice}"


def size(number: int) -> str:
    """A number of bytes for people: `812 B`, `1.4 MB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
