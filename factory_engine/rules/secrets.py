"""Credentials in the lines that a patch adds.

Owns the search and what is said about a find: file, line and kind, never the credential itself.
Works on the bytes of the patch and looks closer only at lines that hold a long word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, Severity, ordered, violation
from factory_engine.patch.binary import literal_content
from factory_engine.patch.model import Hunk, PatchFile, PatchReading
from factory_engine.rules.entropy import is_listing_of_hashes, looks_random
from factory_engine.secret_formats import (
    BEGINNING,
    PRIVATE_KEY,
    PRIVATE_KEY_WORDS,
    WINDOW,
    kind_at,
)

MAX_ENTROPY_WARNINGS = 20
MAX_BEGINNINGS = 20_000
MAX_FINDS = 1_000

_CHUNK = 1 << 20
_SHORTEST = 20  # an AWS access key; every other format holds a longer word
_WORD = b"x" * _SHORTEST
_AS_WORDS = bytes(0x78 if re.match(rb"[A-Za-z0-9_-]", bytes((c,))) else 0x20 for c in range(256))
_MAX_LITERAL = 1 << 20
_TEXT_PROBE = 8000  # git looks for a NUL in as many bytes to tell text from binary


def secret_violations(
    reading: PatchReading, mode: Literal["block", "warn", "off"], worker_id: str
) -> list[Violation]:
    """SECRET for known formats and private keys, SECRET_ENTROPY for what only looks random.

    Args:
        reading: the patch. Text that is wrapped in a binary block is looked at too.
        mode: whether a known format is an error or a warning; a placeholder of nothing but `x`
            always is a warning, and so is high entropy. With `off` nothing is looked at.
        worker_id: whose patch it is.
    """
    if mode == "off":
        return []
    search = _Search(worker_id, "error" if mode == "block" else "warning")
    search.run(reading)
    for wrapped in _wrapped_texts(reading):
        search.run(wrapped)
    return ordered(search.found)


def _wrapped_texts(reading: PatchReading) -> Iterator[PatchReading]:
    """The small text files among the binary blocks, as if each were a patch that adds them."""
    for file in reading.files:
        block = file.blocks[0] if file.blocks else None
        if block is None or block.kind != "literal" or block.declared > _MAX_LITERAL:
            continue
        content = literal_content(reading.data, block.start, block.end, _MAX_LITERAL)
        if content and b"\0" not in content[:_TEXT_PROBE]:
            data = b"+" + content.removesuffix(b"\n").replace(b"\n", b"\n+") + b"\n"
            yield PatchReading(data, (file._replace(hunks=(Hunk(0, len(data), 1),)),))


@dataclass
class _Search:
    worker_id: str
    severity: Severity
    found: list[Violation] = field(default_factory=list)
    random_words: int = 0
    beginnings: int = 0

    def run(self, reading: PatchReading) -> None:
        for words in PRIVATE_KEY_WORDS:
            self._private_keys(reading, words)
        for start, end in _lines_with_long_words(reading.data):
            if reading.data[start] == 0x2B:  # a plus sign
                self._line(reading, start, end)

    def _private_keys(self, reading: PatchReading, words: bytes) -> None:
        data = reading.data
        at = data.find(words)
        while at >= 0:
            if PRIVATE_KEY.search(data, max(at - 60, 0), at + len(words) + 2):
                self._report(reading, at, "a private key")
            at = data.find(words, at + len(words))

    def _line(self, reading: PatchReading, start: int, end: int) -> None:
        data = reading.data
        at = start
        while (match := BEGINNING.search(data, at, end)) and self._may_look(reading, match.start()):
            text = data[match.start() : min(end, match.start() + WINDOW)].decode("latin-1")
            find = kind_at(text)
            if find is not None:
                self._report(reading, match.start(), find[0], placeholder=find[1])
                return
            at = max(match.end(), match.start() + 1)
        if self.random_words <= MAX_ENTROPY_WARNINGS and looks_random(data, start, end):
            self._entropy(reading, start)

    def _may_look(self, reading: PatchReading, position: int) -> bool:
        """Whether the search may go on. Too much of a decoy is refused, not skipped."""
        self.beginnings += 1
        if self.beginnings == MAX_BEGINNINGS:
            self._report(reading, position, "too many words that may begin a credential")
        return self.beginnings < MAX_BEGINNINGS

    def _report(
        self, reading: PatchReading, position: int, kind: str, *, placeholder: bool = False
    ) -> None:
        place = reading.locate(position) if len(self.found) < MAX_FINDS else None
        if place is None:
            return
        message = f"line {place[1]} adds what looks like {kind}"
        severity = self.severity
        if placeholder:
            message, severity = f"{message}, and like a placeholder for one", "warning"
        self._add(Code.SECRET, message, place[0], severity)

    def _entropy(self, reading: PatchReading, position: int) -> None:
        file = reading.file_at(position)
        if file is None or is_listing_of_hashes(file.path):
            return
        place = reading.locate(position + 1)
        if place is None:
            return
        self.random_words += 1
        message = f"line {place[1]} adds a word that looks random"
        if self.random_words > MAX_ENTROPY_WARNINGS:
            message = f"{message}; further ones are not listed"
        self._add(Code.SECRET_ENTROPY, message, place[0], "warning")

    def _add(self, code: Code, message: str, file: PatchFile, severity: Severity) -> None:
        self.found.append(
            violation(code, message, worker_id=self.worker_id, path=file.path, severity=severity)
        )


def _lines_with_long_words(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each line with a word of `_SHORTEST` characters or more.

    Every character of a word is replaced by one and the same, so that a long word is found by one
    search for that many of it: a fifth of the time that one search for each format would take.
    """
    at = 0
    while at < len(data):
        stop = len(data)
        if stop - at > _CHUNK:
            stop = (
                data.rfind(b"\n", at, at + _CHUNK) + 1 or data.find(b"\n", at + _CHUNK) + 1 or stop
            )
        masked = data[at:stop].translate(_AS_WORDS)
        position = masked.find(_WORD)
        while position >= 0:
            start = data.rfind(b"\n", 0, at + position) + 1
            end = data.find(b"\n", at + position, stop)
            end = stop if end < 0 else end
            yield start, end
            position = masked.find(_WORD, end - at)
        at = stop
