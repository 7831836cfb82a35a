"""Events as a table or as lines of JSON.

Owns the columns. Light: used before anything of the engine is imported.
"""

from __future__ import annotations

from factory_engine.ledger_tail import line_of
from factory_tui.cli.printers.plain_text import shown
from factory_tui.cli.printers.style import plain, table

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from factory_tui.cli.printers.style import Style

WIDTH = 120


def ledger_table(
    events: Sequence[Mapping[str, Any]], *, one_run: bool, paint: Style = plain
) -> list[str]:
    """A header and a line for each event.

    Args:
        events: in the order in which they are shown.
        one_run: leave out the column that names the run.
        paint: colours status words.
    """
    header = ["TIME", "RUN", "SEQ", "ACTOR", "TYPE", "DETAILS"]
    rows = [
        [
            shown(event["ts_utc"], 30),
            shown(event["run_id"]),
            str(event["seq"]),
            shown(event["actor"], 30),
            shown(event["event_type"], 30),
            shown(_details(event), WIDTH),
        ]
        for event in events
    ]
    if one_run:
        rows = [row[:1] + row[2:] for row in rows]
        del header[1]
    return table(rows, header, paint)


def ledger_lines(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line of JSON for each event."""
    return [line_of(dict(event)).replace("\x7f", "\\u007f") for event in events]


def _details(event: Mapping[str, Any]) -> str:
    """What the event says beside its type: `stage=launch status=PASS`."""
    found = dict(event["details"])
    if event["rc"] is not None:
        found["rc"] = event["rc"]
    if event["duration_ms"]:
        found["ms"] = event["duration_ms"]
    found.update(event["file_counts"])
    return " ".join(f"{key}={_value(value)}" for key, value in found.items() if value != "")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        simple = all(isinstance(item, str | int) for item in value)
        return ",".join(map(str, value)) or "-" if simple else f"[{len(value)}]"
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    return str(value)
