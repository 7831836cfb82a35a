"""Which runs there are, newest first, and what each came to, in the plainest form.

Owns the order of runs and their records. Light: no classes and nothing that is slow to load, so
that a list is there as fast as Python starts, however many runs and events there are.
"""

from __future__ import annotations

import os
from heapq import nlargest

from factory_engine import ledger_tail
from factory_engine.artifacts.names import LEDGER, MANIFEST
from factory_engine.errors import RunError
from factory_engine.own_runs import is_own
from factory_engine.plain_file import NotPlain

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

HOLDER = "work/holder.json"
_KINDS = {"oneshot", "launch"}  # ids of other kinds are understood too, with a longer look


def newest_names(runs: str, limit: int | None = None) -> tuple[list[str], int]:
    """The ids of the newest `limit` runs, or of all, the newest first, and how many there are.

    An id of our own form holds its time; for any other the first event is asked. Runs of one
    instant (a clock that stands still) are told apart by when their manifest was written.

    Raises:
        RunError: the folder cannot be read.
    """
    try:
        names = [name for name in os.listdir(runs) if not name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return [], 0
    except OSError as error:
        raise RunError(f"cannot be read: {error.strerror}", where=runs) from error
    # oneshot_20260131T120000Z_0123abcd_001: the time is cut out by where it stands, as that costs
    # least; only those that are listed are looked at closely
    timed = [
        (n[-29:-14], n)
        for n in names
        if n[-30:-29] == n[-13:-12] == n[-4:-3] == "_" and n[:-30] in _KINDS and n[-3:].isdigit()
    ]
    cut = {name for _, name in timed}
    timed += _asked(runs, [name for name in names if name not in cut])
    chosen = _newest(runs, timed, limit)
    if not all(_is_made(name) for _, name in chosen if name in cut):
        timed = _asked(runs, names)  # a pinned id looks like one that was made
        chosen = _newest(runs, timed, limit)
    return [name for _, name in chosen], len(timed)


def records(
    runs: str, limit: int | None = None, repository: str = ""
) -> tuple[list[dict[str, Any]], int]:
    """The newest `limit` runs that have an event, or all; and how many ids there are.

    Each as `record` has it, but RUNNING while somebody drives it, and with `foreign`: whether it
    was made elsewhere, or for another repository than the one with that common folder.

    Raises:
        RunError: the folder cannot be read.
    """
    names, total = newest_names(runs, limit)
    with_ledger = [name for name in names if os.path.lexists(f"{runs}/{name}/{LEDGER}")]
    if len(with_ledger) < len(names) < total:
        names, total = newest_names(runs)
        with_ledger = [name for name in names if os.path.lexists(f"{runs}/{name}/{LEDGER}")][:limit]
    return [_now(f"{runs}/{name}", name, repository) for name in with_ledger], total


def record(folder: str, name: str) -> dict[str, Any]:
    """What a run came to, from the two ends of its ledger: a run of `factory.runs/1`.

    `status` is that of the last verdict, PENDING where there is none, `UNREADABLE` where the ledger
    cannot be read. `workers` has the status of each, empty before a verdict.
    """
    empty = {
        "run_id": name,
        "status": "PENDING",
        "started_at": "",
        "base_ref": "",
        "base_commit": "",
        "dry_run": False,
        "workers": {},
        "files": 0,
        "reason": "",
    }
    try:
        if os.path.islink(folder):
            raise NotPlain("its folder is a symbolic link")
        first, last = _ends(f"{folder}/{LEDGER}")
        if first is None or last is None:
            return empty | {"reason": "nothing recorded yet"}
        over = last["event_type"] == "run.finished"
        begun, ended = first["details"], last["details"] if over else {}
        planned = [_like({}, worker, "workers") for worker in _field(begun, "workers", [])]
        workers = {_field(worker, "worker_id", ""): "" for worker in planned}
        statuses = _field(ended, "workers", {})
        return {
            "run_id": name,
            "status": _field(ended, "status", "PENDING"),
            "started_at": first["ts_utc"],
            "base_ref": _field(begun, "base_ref", ""),
            "base_commit": _field(begun, "base_commit", ""),
            "dry_run": _field(begun, "dry_run", False),
            "workers": workers | {w: _like("", status, w) for w, status in statuses.items()},
            "files": _field(last["file_counts"], "files", 0) if over else 0,
            "reason": _field(ended, "reason", ""),
        }
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        reason = str(error)
    return empty | {"status": "UNREADABLE", "reason": reason}


def _field(found: dict[str, Any], name: str, default: Any) -> Any:
    """What an event says under a name, of the kind of `default`, which it is where it is missing.

    The classes of `events` would tell this better, and take as long to load as Python to start.

    Raises:
        ValueError: it is of another kind.
    """
    return _like(default, found.get(name, default), name)


def _like(default: Any, value: Any, name: str) -> Any:
    if type(value) is not type(default):
        raise ValueError(f"an event cannot be understood: `{name}` is of another kind")
    return value


def _now(folder: str, name: str, repository: str) -> dict[str, Any]:
    fields = record(folder, name)
    fields["foreign"] = not is_own(folder, repository)
    if os.path.exists(f"{folder}/{HOLDER}"):
        from pathlib import Path  # somebody may be driving it, which is seldom

        from factory_engine.run_holder import holder_of

        if holder_of(Path(folder, "work")) is not None:
            fields["status"] = "RUNNING"
    return fields


def _ends(ledger: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The first and the last event of a ledger; None where there is none."""
    first = ledger_tail.first(ledger)
    last = next(ledger_tail.backwards(ledger), None) if first else None
    return first, ledger_tail.parse(last) if last is not None else None


def _newest(runs: str, timed: list[tuple[str, str]], limit: int | None) -> list[tuple[str, str]]:
    count = len(timed) if limit is None else limit
    chosen = nlargest(count + 1, timed)
    if len({time for time, _ in chosen}) == len(chosen):
        return chosen[:count]
    oldest = chosen[-1][0]
    tied = _repeated(time for time, _ in timed if time >= oldest)
    keyed = [
        (time, _written(f"{runs}/{name}") if time in tied else 0, name)
        for time, name in timed
        if time >= oldest
    ]
    return [(time, name) for time, _, name in nlargest(count, keyed)]


def _repeated(times: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    repeated: set[str] = set()
    for time in times:
        (repeated if time in seen else seen).add(time)
    return repeated


def _asked(runs: str, names: list[str]) -> list[tuple[str, str]]:
    """Each run with its time: of a made id its own, else that of the first event, if any."""
    found = [
        (name.split("_")[1][:-1] if _is_made(name) else _began(f"{runs}/{name}"), name)
        for name in names
    ]
    return [run for run in found if run[0]]


def _is_made(name: str) -> bool:
    """Whether an id was made by us, so that its time is that of the run."""
    stamp = name[-29:-13]
    if (
        name[:-30] in _KINDS
        and (stamp[:8] + stamp[9:15]).isdecimal()
        and stamp[8:9] + stamp[15:] == "TZ"
        and "01" <= stamp[4:6] <= "12"
        and "01" <= stamp[6:8] <= "28"
        and stamp[9:11] < "24"
        and stamp[11:13] < "60"
        and stamp[13:15] < "60"
        and not name[-12:-4].strip("0123456789abcdef")
    ):
        return True
    from factory_engine import run_id  # compiles patterns; few names come here

    return run_id.started_at(name) is not None


def _began(folder: str) -> str:
    """When a run with a pinned id began, in the form that stands in made ids; empty if unknown."""
    try:
        first = ledger_tail.first(f"{folder}/{LEDGER}")
    except (OSError, ValueError, RecursionError):
        return ""
    moment = str(first["ts_utc"]) if first else ""
    if len(moment) != len("2026-01-31T12:00:00.000000Z"):
        return ""
    fraction = moment[19:].removesuffix("Z").rstrip("0").rstrip(".")
    return moment[:19].replace("-", "").replace(":", "") + fraction


def _written(folder: str) -> int:
    try:
        return os.stat(f"{folder}/{MANIFEST}").st_mtime_ns
    except OSError:
        return 0
