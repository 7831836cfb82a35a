"""The only reader of time. Owns wall time and the stopwatch; never sleeps.

With `SOURCE_DATE_EPOCH` set (https://reproducible-builds.org/specs/source-date-epoch/) the clock
stands still and every duration is zero, so that two executions leave the same bytes.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

from factory_engine.errors import UsageError

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Wall time in whole microseconds since 1970 (UTC).

    Args:
        frozen_us: the instant at which the clock stands still; None for a running clock.
    """

    def __init__(self, frozen_us: int | None = None) -> None:
        self.frozen_us = frozen_us

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Clock:
        """The clock that `SOURCE_DATE_EPOCH` asks for. Raises UsageError if it is no number."""
        value = (os.environ if environment is None else environment).get("SOURCE_DATE_EPOCH")
        if not value:
            return cls()
        if not (value.isascii() and value.isdigit() and len(value) <= 11):
            raise UsageError(
                f"SOURCE_DATE_EPOCH is {value!r}, no number of seconds since 1970",
                advice="unset it or give it a whole number",
            )
        return cls(frozen_us=int(value) * 1_000_000)

    def now_us(self) -> int:
        """Microseconds since 1970."""
        return time.time_ns() // 1000 if self.frozen_us is None else self.frozen_us

    def timestamp(self) -> str:
        """Now, as RFC 3339."""
        return to_rfc3339(self.now_us())

    def stopwatch_ms(self) -> int:
        """Milliseconds on a clock that never goes back; differences only. Always 0 when frozen."""
        return time.monotonic_ns() // 1_000_000 if self.frozen_us is None else 0


def to_rfc3339(microseconds: int) -> str:
    """`2026-01-31T12:00:00.000000Z` for a number of microseconds since 1970 (UTC)."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:06d}Z"


def from_rfc3339(text: str) -> int:
    """The inverse of `to_rfc3339`. Raises ValueError for any other form."""
    if len(text) != 27 or text[19] != "." or text[26] != "Z":
        raise ValueError(f"no RFC 3339 time with microseconds and Z: {text!r}")
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
