"""Run ids: how one is made, what one may look like, and when the run began by its name.

Owns the form `<kind>_<YYYYMMDDTHHMMSSZ>_<base>_<number>`. Never looks at a folder or a clock.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime
from itertools import count

from factory_engine.errors import UsageError

MAX_LENGTH = 128
BASE_DIGITS = 8

_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COMMIT = re.compile(rf"[0-9a-f]{{{BASE_DIGITS},64}}")
_PINNED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_LENGTH - 1}}}")
_MADE = re.compile(
    rf"{_KIND.pattern}_(\d{{8}}T\d{{6}}Z)_[0-9a-f]{{{BASE_DIGITS}}}_\d{{3,}}", re.ASCII
)
# Windows opens the device for these, whatever extension follows:
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\..*)?", re.ASCII | re.IGNORECASE)


def make(kind: str, now_us: int, base_commit: str, taken: Container[str]) -> str:
    """The id of a new run: a pure function of its arguments.

    Args:
        kind: `oneshot`, `launch` or another word of a-z, 0-9 and -.
        now_us: microseconds since 1970 (UTC).
        base_commit: the full object id of the base, in lower case.
        taken: the ids that exist; the first free number is taken.

    Raises:
        UsageError: `kind` is no such word.
        ValueError: `base_commit` is no object id.
    """
    if not _KIND.fullmatch(kind):
        raise UsageError(
            f"{kind[:80]!r} cannot be the kind of a run",
            advice="use up to 32 of a-z, 0-9 and -, a letter first",
        )
    if not _COMMIT.fullmatch(base_commit):
        raise ValueError(f"no object id: {base_commit!r}")
    start = datetime.fromtimestamp(now_us // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    prefix = f"{kind}_{start}_{base_commit[:BASE_DIGITS]}"
    ids = (f"{prefix}_{number:03d}" for number in count(1))
    return next(run_id for run_id in ids if run_id not in taken)


def validate(text: str) -> str:
    """`text` when it may name a run, on every system.

    Raises:
        UsageError: other characters, too long, a Windows device name, a dot at the end.
    """
    if not _PINNED.fullmatch(text):
        problem = f"use 1 to {MAX_LENGTH} of A-Z, a-z, 0-9, dot, _ and -, a letter or digit first"
    elif text.endswith("."):
        problem = "leave out the dot at the end"
    elif _DEVICE.fullmatch(text):
        problem = "choose a name that is no device on Windows"
    else:
        return text
    raise UsageError(f"{text[:80]!r} cannot be a run id", where="--run-id", advice=problem)


def started_at(text: str) -> int | None:
    """Microseconds since 1970 of the second in an id that `make` made; None for any other id."""
    made = _MADE.fullmatch(text)
    if not made:
        return None
    try:
        return int(datetime.fromisoformat(made[1]).timestamp()) * 1_000_000
    except ValueError:  # the 31st of February
        return None
