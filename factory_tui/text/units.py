"""Numbers and times as people read them at a glance, in few cells.

Owns their wording. Takes microseconds since 1970 as `clock` gives them and reads no clock.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory_engine.clock import from_rfc3339, to_rfc3339

SECOND_US = 1_000_000
NONE = "-"


def clock_us(timestamp: str) -> int:
    """Microseconds since 1970; 0 for an empty or foreign timestamp."""
    try:
        return from_rfc3339(timestamp)
    except ValueError:
        return 0


def hms(us: int) -> str:
    """`00:12:41` for a span of time."""
    seconds = max(0, us) // SECOND_US
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def short(us: int) -> str:
    """A span of time in a few cells: `350ms`, `4.2s`, `31s`, `3m12s`, `2h05m`, `4d`."""
    milliseconds = max(0, us) // 1000
    seconds = milliseconds // 1000
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    if seconds < 10:
        return f"{milliseconds / 1000:.1f}s"
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds // 60 % 60:02}m"
    return f"{seconds // 86_400}d"


def duration(us: int) -> str:
    """A span of time in a sentence: `350 ms`, `4.2 s`, `3m07s`, `2h05m`."""
    milliseconds = us // 1000
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{milliseconds / 1000:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"


def ago(us: int) -> str:
    """A span since something happened, in whole seconds at least."""
    return short(us - us % SECOND_US) if us >= SECOND_US else "0s"


def day(us: int, now_us: int) -> str:
    """`today 14:02`, `3d ago`, `2026-01-31` for an instant."""
    if not us:
        return NONE
    span = now_us - us
    if span < 0 or span >= 30 * 86_400 * SECOND_US:
        return utc(us)[:10]
    if span < 86_400 * SECOND_US:
        return f"{short(span - span % SECOND_US)} ago" if span >= SECOND_US else "just now"
    return f"{span // (86_400 * SECOND_US)}d ago"


def utc(us: int) -> str:
    """`2026-01-31 12:00:00`."""
    return to_rfc3339(us)[:19].replace("T", " ")


def counts(insertions: int, deletions: int) -> str:
    """Changed lines in a few cells: `+10/-2`, or a dash where nothing changed."""
    return f"+{insertions}/-{deletions}" if insertions or deletions else NONE


def changes(found: Mapping[str, int]) -> str:
    """What was changed, in a sentence: `3 files +10 -2`."""
    lines = f"+{found.get('insertions', 0)} -{found.get('deletions', 0)}"
    return f"{files(found.get('files', 0))} {lines}"


def files(number: int) -> str:
    """`1 file`, `3 files`."""
    return plural(number, "file")


def plural(number: int, noun: str) -> str:
    """`1 event`, `3 events`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: int) -> str:
    """`512 B`, `1.2 kB`, `4.8 MB`."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{number} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
