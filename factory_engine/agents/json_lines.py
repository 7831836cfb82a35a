"""A stream of JSON objects, one a line, as agents print them; and the way into such an object.

Owns the cutting into lines and the distrust of what stands in them: a stream may begin, stop and be
damaged anywhere, and any field may be missing or of another type. Never raises for what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LINE_LIMIT = 32_000_000
"""Bytes; a longer line is skipped. An event with a whole file in it has a few million at most."""

Event = Mapping[str, Any]


class JsonLines:
    """Cuts chunks of bytes into JSON objects; what is none is skipped and counted."""

    def __init__(self) -> None:
        self.skipped = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """The objects whose line ends in `chunk`; a line without its end is kept for later."""
        *complete, rest = chunk.split(b"\n")
        events = []
        for end in complete:
            self._keep(end)
            event = self._take()
            if event is not None:
                events.append(event)
        self._keep(rest)
        return events

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= LINE_LIMIT:
            self._parts.append(part)
        else:
            self._parts.clear()

    def _take(self) -> Event | None:
        line = b"".join(self._parts).strip()
        too_long = self._size > LINE_LIMIT
        self._parts.clear()
        self._size = 0
        if not line and not too_long:
            return None
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        self.skipped += 1
        return None


def member(value: object, *names: str) -> Any:
    """What stands at `names`, one below the other; None where one of them is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: object, *names: str) -> str:
    """The text at `names`; empty if there is none."""
    found = member(value, *names)
    return found if isinstance(found, str) else ""


def whole(value: object, *names: str) -> int:
    """The number at `names`, rounded; 0 if there is none that a counter could hold."""
    found = member(value, *names)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0
    return round(found) if 0 <= found < 2**53 else 0


def objects(value: object, *names: str) -> list[Event]:
    """The objects in the list at `names`; empty if there is none."""
    found = member(value, *names)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
