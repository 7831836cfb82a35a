"""What a git index says of a tree, and apart from that, what it remembers about files.

Owns the reading of its entries (gitformat-index(5), versions 2 to 4). Never writes one. Here rather
than in a process because two snapshots are compared without any, and because git itself compares
times by the second only.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

Entry = tuple[bytes, int, bytes, int]
Stat = tuple[int, ...]
"""Seconds and nanoseconds of ctime, then of mtime, inode, owner, group, size: 32 bits of each."""

_STAT_BYTES = 40
_STAT = struct.Struct(">4I4xI4x3I")
_32 = 0xFFFFFFFF
_SECOND = 1_000_000_000
_MODE_AT = 24
_EXTENDED = 0x4000
_LENGTH_MASK = 0x0FFF


def entries_of(content: bytes) -> tuple[Entry, ...] | bytes:
    """Path, mode, object id and flags (stage included) of each entry.

    Stat data, extensions and checksum are left out: git renews them when it only looks. What is
    no index comes back as it is.
    """
    for oid_bytes in (20, 32):
        try:
            return tuple(entry for entry, _ in _entries(content, oid_bytes))
        except (ValueError, struct.error, IndexError):
            continue
    return content


def stats_of(content: bytes) -> dict[bytes, Stat]:
    """What an index remembers about the file of each path; nothing where it is no index."""
    for oid_bytes in (20, 32):
        try:
            found = _entries(content, oid_bytes)
            return {entry[0]: _STAT.unpack_from(content, at) for entry, at in found}
        except (ValueError, struct.error, IndexError):
            continue
    return {}


def as_remembered(facts: os.stat_result) -> Stat:
    """What an index would remember about the file that these facts are of."""
    changed, written = facts.st_ctime_ns, facts.st_mtime_ns
    return (
        changed // _SECOND & _32,
        changed % _SECOND,
        written // _SECOND & _32,
        written % _SECOND,
        facts.st_ino & _32,
        facts.st_uid & _32,
        facts.st_gid & _32,
        facts.st_size & _32,
    )


def _entries(content: bytes, oid_bytes: int) -> Iterator[tuple[Entry, int]]:
    """Each entry, and where it starts."""
    signature, version, count = struct.unpack_from(">4sII", content)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("no index of a version that is known")
    at = 12
    path = b""
    for _ in range(count):
        start = at
        (mode,) = struct.unpack_from(">I", content, at + _MODE_AT)
        at += _STAT_BYTES + oid_bytes
        oid = content[at - oid_bytes : at]
        (flags,) = struct.unpack_from(">H", content, at)
        at += 2
        if flags & _EXTENDED:
            flags |= struct.unpack_from(">H", content, at)[0] << 16
            at += 2
        stripped, at = _varint(content, at) if version == 4 else (len(path), at)
        end = content.index(b"\0", at)
        path = path[: len(path) - stripped] + content[at:end]
        # Before version 4, one to eight NULs fill an entry up to a multiple of eight.
        at = end + 1 if version == 4 else start + (end - start) // 8 * 8 + 8
        if not 0o100000 <= mode <= 0o160000 and mode != 0o040000:
            raise ValueError("not the mode of an entry")
        if flags & _LENGTH_MASK != min(len(path), _LENGTH_MASK):
            raise ValueError("not the length of the path: ids are of another length")
        yield (path, mode, oid, flags & ~_LENGTH_MASK), start


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Git's variable-width number (`varint.c`): seven bits a byte, each further one adds one."""
    byte = content[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = content[at]
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, at + 1
