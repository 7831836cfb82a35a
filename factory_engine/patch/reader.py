"""A strict reader of the patches that git writes.

Owns the division of a patch into sections and hunks. It counts, as `git apply` does: inside a hunk
every line is content, whatever it looks like, and between sections nothing may stand. `git apply`
skips what it does not understand; here each byte is understood or is a violation, because a line
that one reader skips may be a file to another.

Content lines begin with a space, `+`, `-` or `\\`, or are empty. A line that begins with
`diff --git ` or `@@ -` is therefore never content of a well-formed hunk, and the reader may look
for them; that the lines between two of them are what the numbers promise is then counted.
"""

from __future__ import annotations

import re

from factory_engine.artifacts.violations import Code
from factory_engine.escape import printable
from factory_engine.patch.binary import is_encoded, result_size
from factory_engine.patch.header import Header, read_header
from factory_engine.patch.hunks import count_hunk
from factory_engine.patch.model import (
    BinaryBlock,
    Hunk,
    PatchFile,
    PatchReading,
    PatchViolation,
)

MAX_HUNKS = 100_000
# `git apply` copies the whole file for each hunk: 20,000 hunks of two megabytes take it 15 s.
MAX_HUNKS_OF_FILE = 10_000

_LEAST_FILES = 1_000
_SECTION = b"\ndiff --git "
_NEXT_HUNK = b"\n@@ -"
_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@[^\n]*\n")
_BINARY = b"GIT binary patch\n"
_BLOCK = re.compile(rb"(literal|delta) (\d{1,15})\n")


def read_patch(data: bytes, max_files: int = 50_000) -> PatchReading:
    """Read `data`, the bytes of a patch.

    Args:
        data: the patch.
        max_files: files that may change; a patch with more than twice as many is not read, since
            everything that is found in it takes memory.

    Returns:
        every section that can be told, and every violation: PATCH_FORMAT where the bytes are not
        what git writes, PATCH_OFFSET where the line numbers of a hunk cannot be true, PATCH_LIMIT
        and TOO_MANY_FILES where there are more hunks or files than anybody should read.
    """
    if violation := _too_much(data, max_files):
        return PatchReading(data, (), (violation,))
    reader = _Reader(data)
    reader.read()
    return PatchReading(data, tuple(reader.files), tuple(reader.violations))


def _too_much(data: bytes, max_files: int) -> PatchViolation | None:
    """Counted before anything is kept; no line of content begins like these."""
    files, hunks = data.count(_SECTION) + 1, data.count(_NEXT_HUNK)
    if files > max(2 * max_files, _LEAST_FILES):
        return PatchViolation(Code.TOO_MANY_FILES, f"{files:,} files, over {max_files:,}", 1)
    if hunks > MAX_HUNKS:
        return PatchViolation(Code.PATCH_LIMIT, f"{hunks:,} hunks, over {MAX_HUNKS:,}", 1)
    return None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = data.rfind(b"\n") + 1
        self.files: list[PatchFile] = []
        self.violations: list[PatchViolation] = []
        self._written: set[bytes] = set()
        self._consumed: set[bytes] = set()
        self._counted = (0, 1)  # a position and the number of its line

    def read(self) -> None:
        at = 0
        if self.data and not self.data.startswith(_SECTION[1:]):
            self._violation(0, f"begins with '{self._line(0)}', not with 'diff --git '")
            at = self.data.find(_SECTION) + 1 or self.size
        while at < self.size:
            end = self.data.find(_SECTION, at, self.size) + 1 or self.size
            self._section(at, end)
            at = end
        if self.size != len(self.data):
            self._violation(self.size, "ends in the middle of a line")

    def _section(self, start: int, end: int) -> None:
        header = read_header(self.data, start, end)
        if header is None:
            self._violation(start, f"'{self._line(start)}' names no file")
            return
        for message in header.problems:
            self._violation(start, f"section {len(self.files) + 1} {message}")
        hunks: list[Hunk] = []
        blocks: list[BinaryBlock] = []
        counts = (0, 0)
        binary = self.data.startswith(_BINARY, header.end, end)
        if binary:
            blocks = self._blocks(header.end + len(_BINARY), end)
        elif self.data.startswith(b"@@ -", header.end, end):
            counts = self._hunks(header, end, hunks)
        else:
            self._no_content(header, start, end)
        self._keep(header, start, tuple(hunks), tuple(blocks), counts, binary)

    def _keep(
        self,
        header: Header,
        start: int,
        hunks: tuple[Hunk, ...],
        blocks: tuple[BinaryBlock, ...],
        counts: tuple[int, int],
        binary: bool,
    ) -> None:
        insertions, deletions = counts
        file = PatchFile(
            old_path=header.old,
            new_path=header.new,
            kind=header.kind,
            old_mode=header.old_mode,
            new_mode=header.new_mode,
            old_oid=header.old_oid,
            new_oid=header.new_oid,
            binary=binary,
            blocks=blocks,
            hunks=hunks,
            insertions=insertions,
            deletions=deletions,
            names=tuple(sorted(header.names)),
        )
        self.files.append(file)
        self._once(file.new_path, self._written, start)
        if file.kind != "copied":
            self._once(file.old_path, self._consumed, start)

    def _once(self, path: bytes | None, seen: set[bytes], start: int) -> None:
        """A path is written once and taken once; git would patch it a second time."""
        if path is None:
            return
        if path in seen:
            self._violation(start, f"'{printable(path)}' is patched twice")
        seen.add(path)

    def _no_content(self, header: Header, start: int, end: int) -> None:
        if header.end != end:
            line = self._line(header.end)
            if line.startswith("Binary files "):
                self._violation(header.end, "tells of a binary file without its content")
            else:
                self._violation(header.end, f"'{line}' is no part of a patch")
        elif header.has_sides:
            self._violation(start, f"section {len(self.files) + 1} ends before its first hunk")
        elif header.kind == "modified" and header.old_mode == header.new_mode:
            self._violation(start, f"section {len(self.files) + 1} changes nothing")

    def _hunks(self, header: Header, end: int, hunks: list[Hunk]) -> tuple[int, int]:
        """Reads all hunks of a section into `hunks`; returns the added and removed lines."""
        if not header.has_sides:
            self._violation(header.end, "a hunk stands before the names of its file")
        at, last, shift = header.end, 1, 0
        insertions = deletions = 0
        while at < end:
            match = _HUNK.match(self.data, at, end)
            if match is None:
                self._violation(at, f"'{self._line(at)}' is no hunk")
                break
            old, new = _lines(match[2]), _lines(match[4])
            old_first, new_first = _first(match[1], old), _first(match[3], new)
            body = match.end()
            # A file that is new or gone has one hunk, which need not be searched for another.
            one = header.kind in ("added", "deleted")
            stop = end if one else self.data.find(_NEXT_HUNK, body - 1, end) + 1 or end
            counted = count_hunk(self.data, body, stop, old, new)
            if isinstance(counted, str):
                self._violation(at, f"hunk '{self._line(at, 40)}' {counted}")
            if old_first < last:
                self._violation(at, f"hunk '{self._line(at, 40)}' overlaps the one before it")
            elif new_first != old_first + shift:
                self._violation(
                    at, f"'{self._line(at, 40)}' contradicts the hunks above", Code.PATCH_OFFSET
                )
            if _misplaced(header, old, new):
                self._violation(at, f"hunk '{self._line(at, 40)}' has lines on a side that is not")
            if not isinstance(counted, str):
                insertions += counted[0]
                deletions += counted[1]
            hunks.append(Hunk(body, stop, int(match[3])))
            if len(hunks) > MAX_HUNKS_OF_FILE:
                message = f"a file has more than {MAX_HUNKS_OF_FILE:,} hunks"
                self._violation(at, message, Code.PATCH_LIMIT)
                break
            at, last, shift = stop, old_first + old, shift + new - old
        return insertions, deletions

    def _blocks(self, start: int, end: int) -> list[BinaryBlock]:
        """The content of a binary file, and after it, perhaps, the way back."""
        blocks: list[BinaryBlock] = []
        at = start
        while at < end and len(blocks) < 2:
            match = _BLOCK.match(self.data, at, end)
            stop = self.data.find(b"\n\n", match.end() - 1, end) if match else -1
            if match is None or stop < 0 or not is_encoded(self.data, match.end(), stop + 1):
                break
            kind, declared = match[1], int(match[2])
            size = declared
            if kind == b"delta":
                size = result_size(self.data, match.end(), stop + 1, declared)
            name: str = kind.decode("ascii")
            blocks.append(
                BinaryBlock(
                    "delta" if name == "delta" else "literal",
                    match.end(),
                    stop + 1,
                    declared,
                    size,
                )
            )
            at = stop + 2
        if at != end or not blocks:
            self._violation(min(at, end), "the content of a binary file is cut or damaged")
        return blocks

    def _line(self, at: int, limit: int = 60) -> str:
        end = self.data.find(b"\n", at, at + 4 * limit)
        return printable(self.data[at : end if end >= 0 else at + 4 * limit], limit)

    def _violation(self, at: int, message: str, code: Code = Code.PATCH_FORMAT) -> None:
        number = self._line_number(at)
        self.violations.append(PatchViolation(code, f"line {number}: {message}", number))

    def _line_number(self, at: int) -> int:
        """Counted on from the last one asked for, or a patch full of problems takes hours."""
        last, number = self._counted
        if at >= last:
            number += self.data.count(b"\n", last, at)
        else:
            number -= self.data.count(b"\n", at, last)
        self._counted = (at, number)
        return number


def _lines(given: bytes | None) -> int:
    return 1 if given is None else int(given)


def _first(given: bytes, lines: int) -> int:
    """The first line of a hunk; an empty side names the line before it."""
    return int(given) if lines else int(given) + 1


def _misplaced(header: Header, old: int, new: int) -> bool:
    return (header.kind == "added" and old > 0) or (header.kind == "deleted" and new > 0)
