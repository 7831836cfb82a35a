"""The binary blocks of a patch: how large their content will be, and the content of small ones.

Owns the unfolding, always within a limit that the caller sets: six megabytes of patch can hold a
gigabyte of file.
"""

from __future__ import annotations

import base64
import re
import zlib
from contextlib import suppress

_PEEKED_LINES = 40
_BAD_LINE = re.compile(
    rb"\n(?![A-Za-z](?:[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{5}){1,13}\n|\Z)"  # base85 of RFC 1924
)


def is_encoded(data: bytes, start: int, end: int) -> bool:
    """Whether each line of the block `data[start:end]` is one that git writes."""
    return _BAD_LINE.search(data, start - 1, end) is None


def result_size(data: bytes, start: int, end: int, declared: int) -> int:
    """The size of the file that a delta makes, from the first bytes of it.

    The number in the header of a delta is the size of the delta itself; a small delta can copy
    the same megabytes of base again and again. Form: git's `Documentation/gitformat-pack.txt`.

    Returns:
        `declared` when the delta cannot be read, which `git apply` will find out too.
    """
    head = _unfold(data, start, end, limit=32, lines=_PEEKED_LINES)
    try:
        at = _number(head, 0)[1]
        return _number(head, at)[0]
    except IndexError:
        return declared


def literal_content(data: bytes, start: int, end: int, limit: int) -> bytes:
    """The first `limit` bytes of a literal block; fewer or none when it is damaged."""
    return _unfold(data, start, end, limit=limit, lines=end - start)


def _unfold(data: bytes, start: int, end: int, *, limit: int, lines: int) -> bytes:
    inflater = zlib.decompressobj()
    content = bytearray()
    at = start
    with suppress(ValueError, zlib.error):  # what comes before the damage is all there is
        while at < end and lines > 0 and len(content) < limit and not inflater.eof:
            stop = data.index(b"\n", at, end)
            content += inflater.decompress(_line(data[at:stop]), limit - len(content))
            at = stop + 1
            lines -= 1
    return bytes(content)


def _line(line: bytes) -> bytes:
    """The bytes of one line: a letter for their number, then groups of five for four bytes each."""
    letter = line[0] if line else 0
    size = letter - 64 if 65 <= letter <= 90 else letter - 70 if 97 <= letter <= 122 else 0
    if not 0 < size <= 52:
        raise ValueError("no length")
    return base64.b85decode(line[1:])[:size]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the position behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
