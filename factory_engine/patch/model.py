"""What a patch says, read but not believed.

Owns the shape of a reading and the way back from a place in the bytes to a file and line. The
bytes are held once; everything else is positions in them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from factory_engine.artifacts.violations import Code

_LIMITS = (Code.PATCH_LIMIT, Code.TOO_MANY_FILES)

Kind = Literal["added", "deleted", "modified", "renamed", "copied"]


class Hunk(NamedTuple):
    """The lines of one hunk: `data[start:end]`, its first one being `new_start` in the new file."""

    start: int
    end: int
    new_start: int


class BinaryBlock(NamedTuple):
    """One block of a binary patch: its lines `data[start:end]` and the size that they unfold to."""

    kind: Literal["literal", "delta"]
    start: int
    end: int
    declared: int
    result_size: int


class PatchViolation(NamedTuple):
    """What is wrong with a patch, and in which line of it."""

    code: Code
    message: str
    line: int


class PatchFile(NamedTuple):
    """One section of a patch. `old_path` is None for an added file, `new_path` for a deleted one.

    Modes and ids are as given, None where the patch does not give them. `names` are all the paths
    that the section mentions, also those that contradict each other.
    """

    old_path: bytes | None
    new_path: bytes | None
    kind: Kind
    old_mode: str | None
    new_mode: str | None
    old_oid: str | None
    new_oid: str | None
    binary: bool
    blocks: tuple[BinaryBlock, ...]
    hunks: tuple[Hunk, ...]
    insertions: int
    deletions: int
    names: tuple[bytes, ...]

    @property
    def path(self) -> bytes:
        """Where the content is after the patch, or was before it."""
        path = self.new_path if self.new_path is not None else self.old_path
        return path if path is not None else b""

    @property
    def declared_sizes(self) -> tuple[int, ...]:
        """What its binary blocks unfold to, as they say: the new content, then the old one."""
        return tuple(max(block.declared, block.result_size) for block in self.blocks)

    @property
    def changes_content(self) -> bool:
        """Whether more than names and modes may differ."""
        return self.binary or bool(self.hunks) or self.kind in ("added", "deleted")


@dataclass(frozen=True)
class PatchReading:
    """A patch after reading: its files, in its order, and what is wrong with its form."""

    data: bytes
    files: tuple[PatchFile, ...] = ()
    violations: tuple[PatchViolation, ...] = ()

    @property
    def well_formed(self) -> bool:
        """Whether every byte of it was understood; another patch must not be applied."""
        return all(violation.code is Code.PATCH_OFFSET for violation in self.violations)

    @property
    def too_much(self) -> bool:
        """Whether it was not read to its end, so that nothing follows from what is not in it."""
        return any(problem.code in _LIMITS for problem in self.violations)

    def lines(self, file: PatchFile, sign: bytes = b"+") -> Iterator[tuple[int, bytes]]:
        """The added (or, with `b"-"`, removed) lines of `file`, without sign and newline.

        Yields:
            its number in the new file (for a removed line: of the line after it), and its bytes.
        """
        for hunk in file.hunks:
            number = hunk.new_start
            at = hunk.start
            while at < hunk.end:
                end = self.data.index(b"\n", at)
                mark = self.data[at : at + 1]
                if mark == sign:
                    yield number, self.data[at + 1 : end]
                number += mark in (b"+", b" ", b"\n")
                at = end + 1

    def file_at(self, position: int) -> PatchFile | None:
        """The file in whose hunks `position` lies; None between hunks."""
        found = self._hunk_at(position)
        return None if found is None else found[0]

    def locate(self, position: int) -> tuple[PatchFile, int] | None:
        """The file and the line number of the added line that holds `position`; None elsewhere."""
        located = self._hunk_at(position)
        if located is None:
            return None
        file, hunk = located
        line = self.data.rfind(b"\n", 0, position) + 1
        if self.data[line : line + 1] != b"+":
            return None
        # Counted on from the last find in this hunk, or many finds in a large one take hours.
        known, number = self._counted.get(hunk.start, (hunk.start, hunk.new_start))
        if known > line:
            known, number = hunk.start, hunk.new_start
        number += self._new_lines(known, line)
        self._counted[hunk.start] = (line, number)
        return file, number

    def _new_lines(self, start: int, end: int) -> int:
        """How many of the lines that begin in `data[start:end]` are lines of the new file."""
        before = max(start - 1, 0)  # the newline before each of them, and not the one before `end`
        removed = self.data.count(b"\n-", before, end)
        return self.data.count(b"\n", start, end) - removed - self.data.count(b"\n\\", before, end)

    @cached_property
    def _counted(self) -> dict[int, tuple[int, int]]:
        return {}

    def _hunk_at(self, position: int) -> tuple[PatchFile, Hunk] | None:
        at = bisect_right(self._hunk_starts, position) - 1
        if at < 0 or position >= self._hunks[at][1].end:
            return None
        return self._hunks[at]

    @cached_property
    def _hunks(self) -> list[tuple[PatchFile, Hunk]]:
        return [(file, hunk) for file in self.files for hunk in file.hunks]

    @cached_property
    def _hunk_starts(self) -> list[int]:
        return [hunk.start for _, hunk in self._hunks]
