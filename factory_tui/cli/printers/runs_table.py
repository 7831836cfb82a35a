"""Runs as a table.

Owns the columns and the marks. Light: used before anything of the engine is imported.
"""

from __future__ import annotations

from datetime import datetime

from factory_tui.cli.printers.plain_text import shown
from factory_tui.cli.printers.style import plain, table

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from factory_tui.cli.printers.style import Style

HEADER = ("RUN", "AGE", "STATUS", "WORKERS", "FILES", "BASE", "REASON")
MARKS = {"PASS": "v", "BLOCKED": "!", "FAIL": "x", "RUNNING": "*", "PENDING": "."}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def runs_table(runs: Sequence[Mapping[str, Any]], now_us: int, paint: Style = plain) -> list[str]:
    """A header and a line for each run.

    Args:
        runs: `factory.runs/1` records, in the order in which they are shown.
        now_us: microseconds since 1970 (UTC), to tell ages by.
        paint: colours status words.
    """
    rows = [
        (
            shown(run["run_id"]),
            age(run["started_at"], now_us),
            run["status"],
            " ".join(
                f"{shown(worker[:1])}{MARKS.get(status, '.')}"
                for worker, status in sorted(run["workers"].items())
            ),
            str(run["files"]),
            _base(run),
            shown(run["reason"], 60) + _origin(run),
        )
        for run in runs
    ]
    return table(rows, HEADER, paint)


def older_runs(number: int) -> str:
    """The remark on runs that are not listed."""
    return f"{number} older {'run' if number == 1 else 'runs'}: --all"


def age(started_at: str, now_us: int) -> str:
    """How long ago a run began: `40s`, `12m`, `3h`, `9d`; a dash where that is not known."""
    try:
        seconds = now_us // 1_000_000 - int(datetime.fromisoformat(started_at).timestamp())
    except (ValueError, OverflowError):
        return "-"
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return "0s"


def _origin(run: Mapping[str, Any]) -> str:
    if not run.get("foreign"):
        return ""
    return " (made elsewhere)" if run["reason"] else "made elsewhere"


def _base(run: Mapping[str, Any]) -> str:
    commit = shown(run["base_commit"][:8])
    name = shown(run["base_ref"], 40)
    dry = " dry" if run["dry_run"] else ""
    return f"{name}@{commit}{dry}" if name else "-"
