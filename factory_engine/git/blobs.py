"""Contents of blobs, many of them from one long-lived `cat-file`.

Owns the reading of that stream. Holds one blob at a time unless the caller keeps them; a spawn for
each blob would cost twenty times more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol

from factory_engine.errors import GitError
from factory_engine.git.process import Git

Oid = str | bytes


class Receiver(Protocol):
    """Takes blobs piece by piece, so that none of them need be held."""

    def begin(self, oid: str) -> None:
        """The next pieces are of this blob."""

    def take(self, piece: memoryview) -> None:
        """A piece, which is valid during this call only."""

    def end(self) -> None:
        """The blob is complete."""


class _Stream:
    """Cuts the output of `cat-file --batch` into blobs, whatever pieces it comes in."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._header = bytearray()
        self._left = -1  # bytes of the current blob still to come; -1 while reading a header

    def __call__(self, chunk: bytes) -> bool:
        view = memoryview(chunk)
        at = 0
        while at < len(chunk):
            if self._left < 0:
                at = self._read_header(chunk, at)
            elif self._left > 0:
                piece = view[at : at + self._left]
                self._receiver.take(piece)
                self._left -= len(piece)
                at += len(piece)
            else:  # the newline after a content
                self._receiver.end()
                self._left = -1
                at += 1
        return True

    def _read_header(self, chunk: bytes, at: int) -> int:
        end = chunk.find(b"\n", at)
        if end < 0:
            self._header += chunk[at:]
            return len(chunk)
        fields = (bytes(self._header) + chunk[at:end]).split(b" ")
        self._header.clear()
        if len(fields) != 3:
            raise GitError(f"object {fields[0].decode('ascii', 'replace')} is missing")
        self._receiver.begin(fields[0].decode("ascii"))
        self._left = int(fields[2])
        return end + 1


class _Whole:
    def __init__(self, handle: Callable[[str, bytes], None]) -> None:
        self._handle = handle
        self._content = bytearray()
        self._oid = ""

    def begin(self, oid: str) -> None:
        self._oid = oid
        self._content = bytearray()

    def take(self, piece: memoryview) -> None:
        self._content += piece

    def end(self) -> None:
        self._handle(self._oid, bytes(self._content))


class _Digests:
    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._digest = hashlib.sha256()
        self._oid = ""

    def begin(self, oid: str) -> None:
        self._oid = oid
        self._digest = hashlib.sha256()

    def take(self, piece: memoryview) -> None:
        self._digest.update(piece)

    def end(self) -> None:
        self.found[self._oid] = self._digest.hexdigest()


async def each_blob(git: Git, oids: Iterable[Oid], handle: Callable[[str, bytes], None]) -> None:
    """Calls `handle(oid, content)` for each of `oids`, in their order, one content at a time.

    Raises:
        GitError: one of them is not in the store.
    """
    await stream_blobs(git, oids, _Whole(handle))


async def blobs(git: Git, oids: Iterable[Oid]) -> dict[str, bytes]:
    """The contents of `oids`, all in memory: for few or small ones. Raises as `each_blob`."""
    found: dict[str, bytes] = {}
    await each_blob(git, oids, found.__setitem__)
    return found


async def sha256_of_blobs(git: Git, oids: Iterable[Oid]) -> dict[str, str]:
    """The sha256 of each content, in hex, without holding any. Raises as `each_blob`."""
    digests = _Digests()
    await stream_blobs(git, oids, digests)
    return digests.found


async def stream_blobs(git: Git, oids: Iterable[Oid], receiver: Receiver) -> None:
    """Gives the contents of `oids` to `receiver`, in their order. Raises as `each_blob`."""
    wanted = [oid if isinstance(oid, bytes) else oid.encode("ascii") for oid in oids]
    if wanted:
        request = b"\n".join(wanted) + b"\n"
        # `--buffer`: git need not flush after each blob, nobody waits for a single one.
        command = ("cat-file", "--batch", "--buffer")
        await git.run(*command, stdin=request, sink=_Stream(receiver))
