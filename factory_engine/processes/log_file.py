"""A program's log with a size limit.

Owns one file while it is written: its head is kept, its tail is kept, what lies between is cut and
a line in its place says how much. Other processes can read it at any time. It never makes the
program wait or fail: if the disk refuses, the bytes are only counted, and the file says so.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from factory_engine import storage
from factory_engine.errors import StorageError
from factory_engine.processes.last_line import LastLine

_LEAST_SLACK = 128  # room for the marker line, whatever the limits are


@dataclass(frozen=True)
class LogSummary:
    """What went through a log.

    Args:
        bytes_seen: bytes that the program wrote, kept or not.
        lines_seen: lines that it wrote; a last line without a line end counts.
        truncated: the file does not hold all of them.
        error: the first refusal of the disk, empty if there was none.
        last_line: the last line that is not blank, at most 4096 bytes of it.
    """

    bytes_seen: int = 0
    lines_seen: int = 0
    truncated: bool = False
    error: str = ""
    last_line: bytes = b""


class CappedLog:
    """Writes a log that never takes more disk than `head_bytes` + 2 × `tail_bytes` and a line.

    The final file depends on the bytes alone, not on how they were chunked. At most `tail_bytes`
    are held in memory, and only for the instant of a cut.

    Args:
        path: the file; replaced if it exists, refused if it is a symbolic link.
        head_bytes: how much of the beginning is kept.
        tail_bytes: how much of the end is kept.

    Raises:
        StorageError: the file cannot be created.
    """

    def __init__(self, path: Path, head_bytes: int, tail_bytes: int) -> None:
        self._last_line = LastLine()
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes
        self._seen = 0
        self._line_ends = 0
        self._open_line = False
        self._error = ""
        self._size = 0  # of the file
        self._tail_size = 0  # bytes of the program behind head and marker
        self._head_open_line = False
        try:
            fd = storage.disk.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
            self._file: BinaryIO = os.fdopen(fd, "w+b", buffering=0)
        except OSError as refusal:
            raise StorageError(
                f"the log cannot be created: {refusal.strerror}", where=str(path)
            ) from refusal

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes of the program. Never raises for a disk that refuses."""
        if not chunk:
            return
        self._last_line.feed(chunk)
        self._line_ends += chunk.count(b"\n")
        self._open_line = not chunk.endswith(b"\n")
        if not self._error:
            with self._refusals():
                self._store(memoryview(chunk))
        self._seen += len(chunk)

    def close(self) -> LogSummary:
        """Leaves the final file. A second call changes nothing."""
        cut = self._seen > self._head_bytes + self._tail_bytes
        if not self._file.closed:
            with self._refusals():
                if self._error:
                    self._mark_loss()
                elif cut:
                    self._cut(self._seen)
            with self._refusals():
                self._file.close()
        return LogSummary(
            bytes_seen=self._seen,
            lines_seen=self._line_ends + self._open_line,
            truncated=cut or bool(self._error),
            error=self._error,
            last_line=self._last_line.final,
        )

    def _store(self, data: memoryview) -> None:
        stored = self._seen
        if stored < self._head_bytes:
            head, data = (
                data[: self._head_bytes - stored],
                data[self._head_bytes - stored :],
            )
            self._append(head)
            stored += len(head)
            self._head_open_line = bytes(head[-1:]) != b"\n"
        limit = self._tail_bytes + max(self._tail_bytes, _LEAST_SLACK)
        while data:
            part, data = data[: limit - self._tail_size], data[limit - self._tail_size :]
            self._append(part)
            stored += len(part)
            self._tail_size += len(part)
            if self._tail_size == limit:
                self._cut(stored)

    def _cut(self, stored: int) -> None:
        """Replaces all between the head and the last `tail_bytes` by one line that says so."""
        self._file.seek(self._size - self._tail_bytes)
        tail = self._file.read(self._tail_bytes)
        amount = stored - self._head_bytes - self._tail_bytes
        line = f"[… {amount:,} bytes cut here …]\n".encode()
        self._size = self._head_bytes
        self._append(memoryview(b"\n" + line if self._head_open_line else line))
        self._append(memoryview(tail))
        storage.disk.truncate(self._file.fileno(), self._size)
        self._tail_size = self._tail_bytes

    def _mark_loss(self) -> None:
        """Says in the file that the disk refused some of it: nobody is to take it for the whole."""
        storage.disk.truncate(self._file.fileno(), self._size)
        self._append(memoryview(f"\n[… bytes cut here: {self._error} …]\n".encode()))

    def _append(self, data: memoryview) -> None:
        self._file.seek(self._size)
        while data:
            written = storage.disk.write(self._file.fileno(), bytes(data))
            self._size += written
            data = data[written:]

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except OSError as refusal:
            self._error = self._error or (refusal.strerror or str(refusal))
