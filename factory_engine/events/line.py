"""An event as a line of the ledger, and the chain that its hash makes.

Owns the bytes of a line and which lines are events at all. Opens no file and keeps no state.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from factory_engine.clock import from_rfc3339
from factory_engine.errors import UsageError
from factory_engine.events.details import Unknown, read_details, write_details
from factory_engine.events.shape import Misfit, counts, digests, integer
from factory_engine.events.types import FACTORY, EventType
from factory_engine.run_id import validate

if TYPE_CHECKING:
    from factory_engine.events.union import Details

SCHEMA_VERSION = 1
NO_PARENT = "0" * 64


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded: an event that has no place yet.

    Args:
        details: what it says; its class is the type of the event.
        actor: a worker id, `Z_integrator`, `factory` or `operator`.
        duration_ms: how long what the event ends took, in milliseconds.
        file_counts: files, insertions, deletions.
        hashes: run-folder paths to the sha256 of the file as it was at this event, or `tree` to a
            git tree id.
        rc: the exit code of the program that the event is about.
    """

    details: Details
    actor: str = FACTORY
    duration_ms: int = 0
    file_counts: Mapping[str, int] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    rc: int | None = None

    @property
    def event_type(self) -> EventType:
        """The type that its details are of."""
        return self.details.event_type


@dataclass(frozen=True, slots=True)
class Event:
    """What was recorded: a draft with its place in the chain.

    Args:
        unread: fields of its details that this version does not know; a newer one wrote them.
    """

    run_id: str
    seq: int
    ts_utc: str
    actor: str
    duration_ms: int
    file_counts: Mapping[str, int]
    hashes: Mapping[str, str]
    rc: int | None
    details: Details | Unknown
    parent_event_id: str
    event_id: str
    unread: tuple[str, ...] = ()

    @property
    def event_type(self) -> str:
        """The type that its details are of, which may be one of a newer version."""
        return self.details.event_type


KEYS = (
    *("schema_version", "run_id", "seq", "ts_utc", "event_type", "actor", "duration_ms"),
    *("file_counts", "hashes", "rc", "details", "parent_event_id", "event_id"),
)
"""Of every line, in this order."""

_SUFFIX = b',"event_id":"'
ID_TAIL = len(_SUFFIX) + 64 + len(b'"}')  # from the end of what is hashed to the end of the line


def seal(draft: Draft, *, run_id: str, seq: int, ts_utc: str, parent: str) -> tuple[Event, bytes]:
    """Give `draft` its place: the event and its line, without the newline.

    The keys stand in a fixed order that ends in parent_event_id and event_id, so that a chain can
    be verified on the bytes alone.
    """
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "seq": seq,
        "ts_utc": ts_utc,
        "event_type": draft.event_type,
        "actor": draft.actor,
        "duration_ms": draft.duration_ms,
        "file_counts": dict(sorted(draft.file_counts.items())),
        "hashes": dict(sorted(draft.hashes.items())),
        "rc": draft.rc,
        "details": write_details(draft.details),
        "parent_event_id": parent,
    }
    hashed = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()[:-1]
    event_id = hashlib.sha256(hashed).hexdigest()
    event = Event(
        run_id=run_id,
        seq=seq,
        ts_utc=ts_utc,
        actor=draft.actor,
        duration_ms=draft.duration_ms,
        file_counts=body["file_counts"],
        hashes=body["hashes"],
        rc=draft.rc,
        details=draft.details,
        parent_event_id=parent,
        event_id=event_id,
    )
    return event, hashed + _SUFFIX + event_id.encode() + b'"}'


_TIME = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII).fullmatch


def parse_line(line: bytes) -> Event:
    """The event of one ledger line.

    Raises:
        Misfit: the line is no event; says why.
    """
    data = _decoded(line)
    version = data.get("schema_version")
    if type(version) is int and version > SCHEMA_VERSION:
        raise Misfit(
            f"is of a newer version of the factory; this one reads schema {SCHEMA_VERSION}"
        )
    if tuple(data) != KEYS or type(version) is not int or version < 1:
        raise Misfit("does not have the keys of an event")
    _, run_id, seq, ts_utc, event_type, actor, took, files, hashes, rc, said, parent, own = (
        data.values()
    )
    if not type(run_id) is type(event_type) is type(actor) is type(parent) is type(own) is str:
        raise Misfit("names its run, type, actor, parent or itself by something that is no text")
    if not _is_run_id(run_id):
        raise Misfit("is of a run with an id that no run can have")
    details, unread = read_details(event_type, said)
    try:
        return Event(
            run_id,
            integer(seq),
            _moment(ts_utc),
            actor,
            integer(took),
            counts(files),
            digests(hashes),
            None if rc is None else integer(rc),
            details,
            parent,
            own,
            unread,
        )
    except Misfit as error:
        raise Misfit(f"has a time, number, count or hash that {error}") from None


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        data = _decode(line.decode())
    except RecursionError:
        raise Misfit("is nested too deeply") from None
    except ValueError as error:  # UnicodeDecodeError and numbers of thousands of digits among it
        raise Misfit(f"is no JSON: {error}") from None
    if type(data) is not dict:
        raise Misfit("is no JSON object")
    return data


def _moment(value: object) -> str:
    """A time as `clock` writes it, on which whoever shows an event relies."""
    if type(value) is not str or not _TIME(value) or not _is_day(value[:10]):
        raise Misfit("is no time in the form 2026-01-31T12:00:00.000000Z")
    return value


@lru_cache(maxsize=64)
def _is_run_id(text: str) -> bool:
    try:
        validate(text)
    except UsageError:
        return False
    return True


@lru_cache(maxsize=64)
def _is_day(text: str) -> bool:
    try:
        from_rfc3339(f"{text}T00:00:00.000000Z")
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


# a decoder of our own spares `json.loads` the guessing of an encoding
_decode = json.JSONDecoder(parse_constant=_refuse).decode


def line_ids(line: bytes) -> tuple[bytes, bytes, bytes]:
    """(parent_event_id, event_id, hashed bytes) of a line, cut out by position.

    Raises:
        Misfit: the line does not have the fixed ending.
    """
    hashed = line[:-ID_TAIL]
    tail = line[-ID_TAIL:]
    if not (tail.startswith(_SUFFIX) and tail.endswith(b'"}') and hashed.endswith(b'"')):
        raise Misfit("does not end in its ids")
    return hashed[-65:-1], tail[len(_SUFFIX) : -2], hashed
