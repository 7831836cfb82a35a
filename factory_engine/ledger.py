"""The ledger file: append with acknowledgement, verify, read, follow.

Owns `LEDGER.jsonl`. An event counts only once it is written and flushed; a line that a dying
process tore is set aside, anything else that does not hold is left alone and named.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from factory_engine import storage
from factory_engine.clock import Clock, from_rfc3339, to_rfc3339
from factory_engine.errors import LedgerError, StorageError
from factory_engine.events import NO_PARENT, Draft, Event, Misfit, line_ids, parse_line, seal
from factory_engine.ledger_receipt import Acknowledged, Receipt
from factory_engine.ledger_tail import backwards
from factory_engine.plain_file import open_plain


@dataclass(frozen=True)
class Head:
    """The end of a verified chain. `length` is its bytes; `torn` the bytes after it."""

    seq: int = 0
    event_id: str = NO_PARENT
    ts_us: int = 0
    length: int = 0
    torn: int = 0


def verify_chain(path: Path) -> Head:
    """Check every link of the chain on the raw bytes.

    Bytes after the last newline, or a zero-filled end, are a torn tail: reported, not an error.

    Raises:
        LedgerError: naming the line and byte offset of the first link that does not hold.
    """
    parent, offset, count, last = NO_PARENT.encode(), 0, 0, b""
    sha256 = hashlib.sha256
    with _opened(path) as file:
        for line in file:
            if not line.endswith(b"\n") or not line.strip(b"\0\n"):
                break
            count += 1
            body = line[:-1]
            try:
                found_parent, event_id, hashed = line_ids(body)
            except Misfit as error:
                raise _broken(path, count, offset, str(error)) from None
            if sha256(hashed).hexdigest().encode() != event_id:
                raise _broken(path, count, offset, f"hash differs ({_named(body)})")
            if found_parent != parent:
                raise _broken(
                    path, count, offset, f"does not follow the line before it ({_named(body)})"
                )
            parent, last = event_id, body
            offset += len(line)
        file.seek(0, os.SEEK_END)
        torn = file.tell() - offset
    if not count:
        return Head(torn=torn)
    event = read_line(path, count, last)
    return Head(event.seq, event.event_id, from_rfc3339(event.ts_utc), offset, torn)


def read_events(path: Path) -> Iterator[Event]:
    """The events of a ledger, oldest first, up to a torn tail. Does not verify the chain."""
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n") or not line.strip(b"\0\n"):
                return
            yield read_line(path, number, line)


def read_tail(path: Path, limit: int) -> list[Event]:
    """The last `limit` events, oldest first, read from the end: its cost is flat."""
    try:
        lines = list(islice(backwards(os.fspath(path)), limit))
    except OSError as error:
        raise storage.storage_error(error, path, "cannot be read") from error
    try:
        return [parse_line(line) for line in reversed(lines)]
    except Misfit:
        for _ in read_events(path):  # which names the line, or one before it
            pass
        raise LedgerError("one of its last lines is no event", where=os.fsdecode(path)) from None


def shortfall(path: Path, head: Head, acknowledged: Acknowledged | None) -> str:
    """What a sound chain lacks of what was acknowledged once; empty where it lacks nothing.

    Args:
        path: the ledger.
        head: the end of its chain.
        acknowledged: what is noted beside it.
    """
    if acknowledged is None:
        return ""
    if acknowledged.seq > head.seq:
        return f"ends at event {head.seq}, but event {acknowledged.seq} was acknowledged"
    event_id = head.event_id
    if acknowledged.seq < head.seq:
        event_id = next((e.event_id for e in read_events(path) if e.seq == acknowledged.seq), "")
    if event_id != acknowledged.event_id:
        return f"holds another event {acknowledged.seq} than the one that was acknowledged"
    return ""


class LedgerWriter:
    """The one writer of a run's ledger. Whoever holds it holds the run's lock.

    Args:
        path: the ledger; created durably where it does not exist.
        run_id: what the events carry.
        clock: where their times come from; they strictly increase whatever the clock does.
        receipt: where the last acknowledged event is noted; None for nowhere.
    """

    def __init__(
        self, path: Path, run_id: str, clock: Clock, receipt: Receipt | None = None
    ) -> None:
        self.path = path
        self.run_id = run_id
        self._clock = clock
        self._receipt = receipt
        created = not os.path.lexists(path)
        self.head = Head() if created else verify_chain(path)
        self.set_aside = self._set_aside_torn_tail() if self.head.torn else None
        try:
            self._fd = storage.disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            if created:
                storage.sync_folder(path.parent)
        except OSError as error:
            raise storage.storage_error(error, path, "cannot be opened") from error

    def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Record `drafts` in one write and one flush.

        A disk that refuses leaves none of them. A crash meanwhile, when nobody has heard of them
        yet, may leave the first few, which then count.

        Raises:
            StorageError: none of them counts.
        """
        head, events, lines = self.head, [], []
        for draft in drafts:
            now = max(self._clock.now_us(), head.ts_us + 1)
            event, line = seal(
                draft,
                run_id=self.run_id,
                seq=head.seq + 1,
                ts_utc=to_rfc3339(now),
                parent=head.event_id,
            )
            head = Head(event.seq, event.event_id, now, head.length + len(line) + 1)
            events.append(event)
            lines.append(line + b"\n")
        self._write(b"".join(lines))
        self.head = head
        if self._receipt is not None:
            self._receipt.note(head.seq, head.event_id)
        return events

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        """Append at the head, or nowhere.

        After a flush that failed nobody knows what the device holds (https://lwn.net/Articles/752063):
        the bytes may be there or not, so nothing may follow them before the file was read again.
        """
        if os.fstat(self._fd).st_size != self.head.length:
            raise StorageError(
                "the ledger takes no more events: an earlier one is in doubt",
                where=os.fsdecode(self.path),
                advice="give the same command again, it reads the ledger anew",
            )
        storage.append_durably(self._fd, data, self.head.length, self.path)

    def _set_aside_torn_tail(self) -> str:
        """Move the torn bytes to a file of their own; its name."""
        name = f"ledger.torn.{self.head.length}"
        try:
            with open_plain(self.path) as file:
                file.seek(self.head.length)
                torn = file.read()
            storage.replace_file(self.path.with_name(name), torn)
            fd = storage.disk.open(self.path, os.O_WRONLY)
            try:
                storage.disk.truncate(fd, self.head.length)
                storage.disk.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise storage.storage_error(error, self.path, "cannot be repaired") from error
        return name


def _opened(path: Path) -> BinaryIO:
    try:
        return open_plain(path)
    except OSError as error:
        raise storage.storage_error(error, path, "cannot be read") from error


def read_line(path: Path, number: int, line: bytes) -> Event:
    """The event of one line of the ledger at `path`.

    Args:
        path: the ledger.
        number: of the line, the first being 1; an error names it.
        line: with its newline or without.

    Raises:
        LedgerError: the line is no event.
    """
    try:
        return parse_line(line)
    except Misfit as error:
        raise LedgerError(
            f"line {number} {error}", where=os.fsdecode(path), advice="verify it with ledger-replay"
        ) from None


def _named(line: bytes) -> str:
    with contextlib.suppress(Misfit):
        event = parse_line(line)
        return f"event {event.seq}, {event.event_type}"
    return "no readable event"


def _broken(path: Path, line: int, offset: int, reason: str) -> LedgerError:
    return LedgerError(
        f"ledger line {line}, byte {offset}: {reason}",
        where=os.fsdecode(path),
        advice="nothing was appended; compare it with a copy",
    )
