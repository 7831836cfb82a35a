"""A log file by line number, its text left on disk.

Owns the way from a line to its bytes: one mark for each block of some ten kilobytes, so that ten
million lines take less memory than one picture, and a growing file costs what was added.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

from factory_engine.run_folder import Unreadable
from factory_tui.console.logs.plain_file import open_plain

_BLOCK = 65_536
_LONGEST_BLOCK = 1 << 20
_BLOCKS_KEPT = 8
_PROOF = 64


class LogIndex:
    """One file.

    Args:
        path: the file; it may not exist yet.
        root: the run folder that it must lie in.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self._root = root
        self._file: BinaryIO | None = None
        self.problem = ""
        self._forget()

    def _forget(self) -> None:
        self.size = 0
        self._offsets = array("Q", [0])
        self._firsts = array("Q", [0])
        self._open_lines = 0
        self._proof = b""
        self._kept: OrderedDict[int, list[bytes]] = OrderedDict()

    @property
    def count(self) -> int:
        """Lines, an unfinished last one included."""
        return int(self._firsts[-1]) + self._open_lines

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def poll(self) -> bool:
        """Take in what was added since the last call; True if anything changed."""
        with contextlib.suppress(OSError):
            if self._file is None and not self._opened():
                return False
            assert self._file is not None
            size = os.fstat(self._file.fileno()).st_size
            rewritten = (
                size < self.size
                or self._read(self.size - len(self._proof), _PROOF)[: len(self._proof)]
                != self._proof
            )
            if rewritten:  # the writer cut its middle out
                self._forget()
            elif size == self.size:
                return False
            self._take_in(size)
            return True
        return False

    def _opened(self) -> bool:
        try:
            self._file, self.problem = open_plain(self.path, self._root), ""
        except Unreadable as error:
            self.problem = error.message
            return False
        return True

    def _read(self, start: int, length: int) -> bytes:
        assert self._file is not None
        self._file.seek(max(0, start))
        return self._file.read(length) or b""

    def _take_in(self, size: int) -> None:
        """Blocks end at a line's end, so that the last one, still open, is looked at again."""
        self._kept.pop(len(self._offsets) - 1, None)
        at = int(self._offsets[-1])
        length = _BLOCK
        while at < size:
            data = self._read(at, min(length, size - at))
            giant = length > _BLOCK  # a block of its own, or its neighbours could not be read
            end = (data.find(b"\n") if giant else data.rfind(b"\n")) + 1
            if not data:
                break
            if end:
                self._firsts.append(self._firsts[-1] + data.count(b"\n", 0, end))
                at += end
                self._offsets.append(at)
                length = _BLOCK
            elif at + len(data) >= size:
                break  # the last line has no end yet
            else:
                length *= 2
        self.size = size
        self._open_lines = int(size > self._offsets[-1])
        self._proof = self._read(size - min(_PROOF, size), min(_PROOF, size))

    def line(self, number: int) -> bytes:
        """One line without its end, at most a megabyte of it; empty where there is none."""
        block = bisect_right(self._firsts, number) - 1
        lines = self._lines(block)
        at = number - int(self._firsts[block])
        return lines[at] if 0 <= at < len(lines) else b""

    def _lines(self, block: int) -> list[bytes]:
        lines = self._kept.pop(block, None)
        if lines is None:
            lines = self._data(block).split(b"\n")
        self._kept[block] = lines
        if len(self._kept) > _BLOCKS_KEPT:
            self._kept.popitem(last=False)
        return lines

    def _data(self, block: int) -> bytes:
        start = int(self._offsets[block])
        end = int(self._offsets[block + 1]) if block + 1 < len(self._offsets) else self.size
        if self._file is None:
            return b""
        with contextlib.suppress(OSError):
            return self._read(start, min(end - start, _LONGEST_BLOCK))
        return b""

    def find(self, needle: bytes, *, fold: bool, most: int) -> list[int]:
        """The numbers of lines that hold `needle`, at most `most`."""
        lines: list[int] = []
        for block, first in enumerate(self._firsts):
            data = self._data(block)
            hay = data.lower() if fold else data
            at, line, counted = hay.find(needle), int(first), 0
            while at >= 0:
                line += data.count(b"\n", counted, at)
                lines.append(line)
                if len(lines) >= most:
                    return lines
                counted = at
                end = data.find(b"\n", at)
                at = hay.find(needle, end) if end >= 0 else -1
        return lines
