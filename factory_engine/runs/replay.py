"""Re-deriving a run from its folder alone: chain, fold, every recorded hash.

Owns the list of differences. Changes nothing, and needs no repository.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.artifacts.names import (
    FINAL_REPORT,
    INTEGRATOR,
    LEDGER,
    LEDGER_DIGEST,
    STATUS,
    WORK,
)
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.errors import FactoryError, LedgerError
from factory_engine.escape import printable
from factory_engine.events import Event, Unknown
from factory_engine.fold import fold_all
from factory_engine.ledger import Head, read_events, shortfall, verify_chain
from factory_engine.ledger_receipt import read_receipt
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.state import RunState

_NAMED = 5
_UNRECORDED = (LEDGER, LEDGER_DIGEST)  # the ledger vouches for the others, its digest for it


@dataclass(frozen=True)
class Replay:
    """A run as its ledger tells it.

    Args:
        state: the fold of all events; of none where the ledger cannot be read.
        problems: what does not hold, each naming the event or file; empty for a sound run.
        notes: what is worth knowing and breaks nothing.
        head: the end of the verified chain.
    """

    state: RunState
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    head: Head = field(default_factory=Head)


def replay(folder: RunFolder) -> Replay:
    """Verify the chain, fold the events, compare every recorded hash with the files.

    Raises:
        StorageError: the ledger cannot be opened.
    """
    acknowledged = read_receipt(folder.receipt)  # first: somebody may be appending
    newer: list[str] = []
    try:
        head = verify_chain(folder.ledger)
        state = fold_all(_noting_newer(read_events(folder.ledger), newer))
    except FactoryError as error:
        return Replay(_readable_part(folder), (error.what,), ())
    notes = [f"{head.torn} torn bytes at the end of the ledger"] if head.torn else []
    if newer:
        notes.append(f"a newer version wrote what this one passes over: {', '.join(newer)}")
    missing = shortfall(folder.ledger, head, acknowledged)
    problems = [f"{LEDGER} {missing}"] if missing else []
    problems += [*_sealed_ledger(folder, state), *_files(folder, state)]
    finished = state.status.is_verdict
    if finished:
        problems += [*_unrecorded(folder, state), *_verdict(folder, state)]
    else:
        notes.append("the run has not finished")
    previous = state.previous_run_id
    if previous and not (folder.path.parent / previous).exists():
        notes.append(f"the run before it, {previous}, is not here")
    return Replay(state, tuple(problems), tuple(notes), head)


def _noting_newer(events: Iterable[Event], newer: list[str]) -> Iterator[Event]:
    """The events; the first few types and fields that only a newer version knows go to `newer`."""
    for event in events:
        if event.unread or isinstance(event.details, Unknown):
            for unread in event.unread or ("",):
                name = printable(f"{event.event_type} {unread}".strip(), 60)
                if name not in newer and len(newer) < _NAMED:
                    newer.append(name)
        yield event


def lost_events(folder: RunFolder) -> str:
    """What a ledger lacks though its chain is sound; empty where it lacks nothing.

    Its digest tells, or the note of what was acknowledged. Beside a process that drives the run the
    answer may be wrong: ask again with the run's lock.

    Raises:
        LedgerError: the chain does not hold.
    """
    acknowledged = read_receipt(folder.receipt)
    head = verify_chain(folder.ledger) if folder.exists else Head()
    with contextlib.suppress(Unreadable):
        sealed = folder.read(LEDGER_DIGEST, 4096).split()[:1]
        if not folder.exists or sealed != [folder.sha256(LEDGER).encode()]:
            return _other_than_sealed(head.seq)
    missing = shortfall(folder.ledger, head, acknowledged)
    return f"{LEDGER} {missing}" if missing else ""


def require_whole_ledger(folder: RunFolder) -> None:
    """Nothing may be appended to a ledger that has lost events. The run's lock is held.

    Raises:
        LedgerError: naming what is missing, or the link that does not hold.
    """
    problem = lost_events(folder)
    if problem:
        raise LedgerError(
            problem,
            where=folder.run_id,
            advice="nothing was appended; put the whole ledger back, or start a new run",
        )


def _readable_part(folder: RunFolder) -> RunState:
    """The state up to the first line that is no event."""
    events = []
    with contextlib.suppress(FactoryError):
        for event in read_events(folder.ledger):
            events.append(event)
    return fold_all(events)


def _sealed_ledger(folder: RunFolder, state: RunState) -> list[str]:
    """A ledger that was cut at a line is a sound chain; its digest tells."""
    try:
        sealed = folder.read(LEDGER_DIGEST, 4096).split()
    except Unreadable as error:
        if not state.status.is_verdict:
            return []
        return [f"{LEDGER_DIGEST} {error.message}"]
    actual = folder.sha256(LEDGER).encode()
    if sealed[:1] == [actual]:
        return []
    return [_other_than_sealed(state.last_seq)]


def _other_than_sealed(last_seq: int) -> str:
    return (
        f"{LEDGER} is not the one that {LEDGER_DIGEST} was made of: "
        f"it ends at event {last_seq}; events after it are missing, or others were added"
    )


def _files(folder: RunFolder, state: RunState) -> list[str]:
    problems = []
    for relative, digest in sorted(state.hashes.items()):
        if "/" not in relative and "." not in relative:
            continue  # a git tree, no file
        try:
            actual = hashlib.sha256(folder.read(relative)).hexdigest()
        except Unreadable as error:
            problems.append(f"{relative} {error.message}")
            continue
        if actual != digest:
            problems.append(f"{relative} is not the file that the ledger recorded")
    return problems


def _unrecorded(folder: RunFolder, state: RunState) -> list[str]:
    return [
        f"{relative} is not recorded in the ledger"
        for relative in folder.artifacts()
        if relative not in state.hashes
        and relative not in _UNRECORDED
        and not relative.startswith((f"{WORK}/", "ledger.torn."))
    ]


def _verdict(folder: RunFolder, state: RunState) -> list[str]:
    """Report, status and last event must say the same."""
    problems = []
    try:
        status = IntegratorStatus.from_bytes(folder.read(f"{INTEGRATOR}/{STATUS}")).status
        report = folder.read(f"{INTEGRATOR}/{FINAL_REPORT}").split(b"\n", 1)[0].decode()
    except (Unreadable, JsonProblem, UnicodeDecodeError) as error:
        return [f"the verdict cannot be read: {error}"]
    if status != state.status:
        problems.append(f"{STATUS} says {status}, the ledger {state.status}")
    if report != f"STATUS: {state.status}":
        problems.append(f"{FINAL_REPORT} says {report!r}, the ledger {state.status}")
    return problems
