"""Every fact of a run as an event: its types, its line in the ledger, its hash.

Owns the bytes of a ledger line. Opens no file and keeps no state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1
NO_PARENT = "0" * 64

FACTORY = "factory"
OPERATOR = "operator"
INTEGRATOR = "Z_integrator"


class EventType(StrEnum):
    """What can happen in a run. `details` of each is listed beside it."""

    RUN_CREATED = "run.created"  # kind, base_ref, base_commit, dry_run, workers, previous_run_id, …
    RUN_RESUMED = "run.resumed"  # command
    RUN_INTERRUPTED = "run.interrupted"  # cause: SIGINT, SIGTERM, cancel
    RUN_FINISHED = "run.finished"  # status, reason
    LEDGER_REPAIRED = "ledger.repaired"  # offset, bytes, kept_as
    STAGE_STARTED = "stage.started"  # stage
    STAGE_FINISHED = "stage.finished"  # stage, status, reason
    FINDING = "preflight.finding"  # name, level, message, advice
    WORKER_STARTED = "worker.started"  # attempt, attempts, agent, continues
    WORKER_SESSION = "worker.session"  # session: the agent's own; empty: not gone on with any more
    WORKER_ACTIVITY = "worker.activity"  # kind, text, counts
    WORKER_STALLED = "worker.stalled"  # silent_s, doing
    WORKER_HEARD = "worker.heard"  # silent_s: it speaks again after so long
    WORKER_EXITED = "worker.exited"  # attempt, reason, left_behind
    WORKER_RETRIED = "worker.retried"  # attempt, reason, kind, delay_s
    WORKER_CHECKED = "worker.checked"  # name, required, status, detail, last_words if red
    WORKER_FINISHED = "worker.finished"  # status, reason, errors, warnings
    LOCK_AMENDED = "lock.amended"  # worker_id, reason, old, new
    BUNDLE_JUDGED = "bundle.judged"  # status, tree, violations, total
    MERGE_FINISHED = "merge.finished"  # tree, order, shared, conflicts
    CHECK_STARTED = "check.started"  # name
    CHECK_FINISHED = "check.finished"  # name, required, status, detail, last_words if red
    CULPRIT_SEARCHED = "culprit.searched"  # check, workers
    INTEGRATION_JUDGED = "integration.judged"  # status, reason, violations, total
    REPORT_WRITTEN = "report.written"  # status


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact that has not been recorded yet.

    Args:
        actor: a worker id, `Z_integrator`, `factory` or `operator`.
        duration_ms: how long what the event ends took, in milliseconds.
        file_counts: files, insertions, deletions.
        hashes: run-folder paths to the sha256 of the file as it was at this event, or `tree` to a
            git tree id.
        rc: the exit code of the program that the event is about.
    """

    event_type: EventType
    actor: str = FACTORY
    details: Mapping[str, Any] = field(default_factory=dict)
    duration_ms: int = 0
    file_counts: Mapping[str, int] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    rc: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded fact: a draft with its place in the chain. `event_type` may be a newer one."""

    run_id: str
    seq: int
    ts_utc: str
    event_type: str
    actor: str
    duration_ms: int
    file_counts: Mapping[str, int]
    hashes: Mapping[str, str]
    rc: int | None
    details: Mapping[str, Any]
    parent_event_id: str
    event_id: str
    schema_version: int = SCHEMA_VERSION


_decode = json.JSONDecoder().decode  # spares `json.loads` the guessing of an encoding
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
        "event_type": str(draft.event_type),
        "actor": draft.actor,
        "duration_ms": draft.duration_ms,
        "file_counts": dict(sorted(draft.file_counts.items())),
        "hashes": dict(sorted(draft.hashes.items())),
        "rc": draft.rc,
        "details": dict(draft.details),
        "parent_event_id": parent,
    }
    hashed = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()[:-1]
    event_id = hashlib.sha256(hashed).hexdigest()
    return Event(**body, event_id=event_id), hashed + _SUFFIX + event_id.encode() + b'"}'


def parse_line(line: bytes) -> Event:
    """The event of one ledger line. Raises ValueError where it is none."""
    try:
        return Event(**_decode(line.decode()))
    except (TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"no ledger event: {error}") from None


def line_ids(line: bytes) -> tuple[bytes, bytes, bytes]:
    """(parent_event_id, event_id, hashed bytes) of a line, cut out by position.

    Raises ValueError where the line has not the fixed ending.
    """
    hashed = line[:-ID_TAIL]
    tail = line[-ID_TAIL:]
    if not (tail.startswith(_SUFFIX) and tail.endswith(b'"}') and hashed.endswith(b'"')):
        raise ValueError("does not end in its ids")
    return hashed[-65:-1], tail[len(_SUFFIX) : -2], hashed
