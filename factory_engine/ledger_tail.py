"""Lines of ledgers as they lie on the disk, the newest first.

Owns reading from the end, so that the newest fifty of a million events cost what fifty cost. Never
verifies a chain. Light: used before anything of the engine is imported.
"""

from __future__ import annotations

import json
import os
from itertools import islice

from factory_engine.plain_file import open_plain

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, BinaryIO

    Event = dict[str, Any]

BLOCK = 1 << 16
AT_LEAST_RUNS = 20
KEYS = (
    "schema_version",
    "run_id",
    "seq",
    "ts_utc",
    "event_type",
    "actor",
    "duration_ms",
    "file_counts",
    "hashes",
    "rc",
    "details",
    "parent_event_id",
    "event_id",
)
_TYPES = (int, str, int, str, str, str, int, dict, dict, object, dict, str, str)


def backwards(path: str) -> Iterator[bytes]:
    """The complete lines of a file without their newlines, the last one first.

    Bytes after the last newline, and lines of zeros that a power cut leaves, are passed over.

    Raises:
        OSError: the file cannot be read.
    """
    with open_plain(path) as file:
        rest = b""
        first = True
        for block in _blocks(file):
            lines = (block + rest).split(b"\n")
            rest = lines.pop(0)
            if first and lines:
                lines.pop()  # what stands after the last newline is torn
                first = False
            yield from (line for line in reversed(lines) if line.strip(b"\0"))
        if not first and rest.strip(b"\0"):
            yield rest


def first(path: str) -> Event | None:
    """The first event of a ledger; None where there is none.

    Raises:
        OSError: the file cannot be read. ValueError: its first line is no event.
    """
    with open_plain(path) as file:
        line = file.readline()
    if not line.endswith(b"\n") or not line.strip(b"\0\n"):
        return None
    return parse(line[:-1])


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The file in growing pieces, from its end to its beginning."""
    end, size = file.seek(0, os.SEEK_END), BLOCK
    while end > 0:
        start = max(0, end - size)
        file.seek(start)
        yield file.read(end - start)
        end, size = start, size * 2


def parse(line: bytes) -> Event:
    """The event of a line. Raises ValueError where the line is no event."""
    event = json.loads(line)
    if not isinstance(event, dict) or tuple(event) != KEYS:
        raise ValueError("no ledger event")
    for value, kind in zip(event.values(), _TYPES, strict=True):
        if not isinstance(value, kind):
            raise ValueError("no ledger event")
    return event


def newest(
    ledgers: Iterable[str],
    limit: int,
    wanted: Callable[[Event], bool],
    unreadable: Callable[[str, ValueError], None],
) -> list[Event]:
    """The newest events of several runs in the order of rendering: time, type, run, number.

    Args:
        ledgers: the ledgers, that of the newest run first. Of the older ones only as many are
            opened as are needed, and twenty, since a run may go on after a later one began.
        limit: how many events.
        wanted: which events count.
        unreadable: told of a ledger with a line that is no event; older lines are not looked at.

    Raises:
        OSError: a ledger cannot be read.
    """
    newest_events: list[Event] = []
    for number, path in enumerate(ledgers):
        if number >= AT_LEAST_RUNS and len(newest_events) >= limit:
            break
        newest_events += islice(filter(wanted, _events(path, unreadable)), limit)
    newest_events.sort(key=order)
    return newest_events[-limit:]


def order(event: Event) -> tuple[str, str, str, int]:
    """Where an event stands in a rendering."""
    return (event["ts_utc"], event["event_type"], event["run_id"], event["seq"])


def _events(path: str, unreadable: Callable[[str, ValueError], None]) -> Iterator[Event]:
    try:
        for line in backwards(path):
            yield parse(line)
    except FileNotFoundError:
        return  # a run that has been given its folder and has no event yet
    except (ValueError, RecursionError) as error:
        unreadable(path, ValueError(str(error)))


def line_of(event: Event) -> str:
    """The event as one line of JSON in ASCII, byte for byte as the factory wrote it."""
    return json.dumps(event, separators=(",", ":"))
