"""When a line of a log was written, as far as anybody knows.

Owns two sources: the ledger quotes some lines, and whoever watched a log grow knows when what
was added came. Logs themselves hold no times.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from factory_tui.text.units import utc

_KEPT = 20_000


class LogTimes:
    """The times of one log's lines.

    Args:
        said: when a line was said first, by its text (RFC 3339).
    """

    def __init__(self, said: Mapping[str, str]) -> None:
        self.said = said
        self._arrivals: list[tuple[int, int]] = []

    def came(self, first: int, now_us: int) -> None:
        """Lines from number `first` on were not there before."""
        self._arrivals.append((first, now_us))
        del self._arrivals[:-_KEPT]

    def of(self, number: int, text: str) -> str:
        """`HH:MM:SS` (UTC) of a line; empty where nobody knows."""
        said = self.said.get(text, "")
        if said:
            return said[11:19]
        at = bisect_right(self._arrivals, number, key=lambda arrival: arrival[0]) - 1
        return utc(self._arrivals[at][1])[11:] if at >= 0 else ""
