"""What a ledger has acknowledged, noted beside it: one that was cut back shows.

Owns `work/acknowledged`. A chain cannot tell that whole lines are missing from its end; until the
digest of the finished ledger can, this note does. It is never ahead of the ledger, and an older one
is as true as the newest: so it is neither flushed nor insisted on.
"""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from factory_engine import storage
from factory_engine.plain_file import read_plain

RECEIPT = "acknowledged"
_MOST_BYTES = 1_000
_FORM = re.compile(rb"([0-9]{12}) ([0-9a-f]{64}) [0-9a-f]{8}\n")


@dataclass(frozen=True)
class Acknowledged:
    """The last event that was acknowledged."""

    seq: int
    event_id: str


class Receipt:
    """The note of a run that this process drives.

    Args:
        path: its file; made with the first note.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def note(self, seq: int, event_id: str) -> None:
        """Say that event `seq` is on disk. A disk that refuses leaves the older note."""
        with contextlib.suppress(OSError):
            if self._fd < 0:
                self._fd = storage.disk.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            os.lseek(self._fd, 0, os.SEEK_SET)
            storage.disk.write(self._fd, _line(seq, event_id))  # over the last one, as long

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def read_receipt(path: Path) -> Acknowledged | None:
    """The note at `path`; None where there is none, or none that can be read."""
    try:
        data = read_plain(path, _MOST_BYTES)
    except OSError:
        return None
    found = _FORM.fullmatch(data)
    if not found or data != _line(int(found[1]), found[2].decode()):
        return None  # a torn one is none
    return Acknowledged(int(found[1]), found[2].decode())


def _line(seq: int, event_id: str) -> bytes:
    text = b"%012d %s" % (seq, event_id.encode())
    return b"%s %08x\n" % (text, zlib.crc32(text))
