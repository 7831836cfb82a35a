"""What differs between two trees: for judging, for the record, and as a patch.

Owns the three views of a difference. All of them are functions of the two trees alone: every
option that a config could change is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from factory_engine.git.blobs import blobs, each_blob, sha256_of_blobs
from factory_engine.git.modes import GITLINK
from factory_engine.git.process import Git

__all__ = [
    "FileChange",
    "TreeChange",
    "blobs",
    "each_blob",
    "file_changes",
    "patch",
    "sha256_of_blobs",
    "tree_changes",
    "tree_paths",
]


_TIMEOUT_S = 900
# A rename is a file at least half of which is found again; above 1000 candidates on each side
# git looks for exact ones only, or the comparing would take hours.
_RENAMES = ("-M50%", "-l1000", "--no-rename-empty")
_LINES = ("--diff-algorithm=myers", "--indent-heuristic", "--no-ext-diff", "--no-textconv")
_PATCH = (
    "--patch",
    # Whole ids and whole contents: the patch can be checked against base and applied anywhere.
    "--binary",
    "--full-index",
    "--unified=3",
    "--inter-hunk-context=0",
    "--no-color",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
)


@dataclass(frozen=True)
class TreeChange:
    """A path whose entry differs; a rename is two of them. None where there is no entry."""

    path: bytes
    old_mode: str | None
    new_mode: str | None
    old_oid: str | None
    new_oid: str | None


@dataclass(frozen=True)
class FileChange:
    """A change as a person sees it, and as `FILES_CHANGED.json` keeps it.

    Args:
        path: where the content is now; for a deletion where it was.
        change_type: added, modified, deleted, renamed, copied (never made here) or mode.
        previous_path: where a renamed file was; else None.
        mode: the new mode, for a deletion the old one, as six octal digits.
        insertions: added lines; 0 for binary files.
        deletions: removed lines; 0 for binary files.
        binary: git finds a NUL in it.
        sha256: of the new content, for a deletion of the old; of a link's target text; of nothing
            for a submodule.
    """

    path: bytes
    change_type: str
    previous_path: bytes | None
    mode: str
    insertions: int
    deletions: int
    binary: bool
    sha256: str


async def tree_changes(git: Git, old: str, new: str) -> tuple[TreeChange, ...]:
    """Every path whose entry differs between two trees or commits, sorted by its bytes."""
    raw = await _diff_tree(git, old, new, "--raw", "--no-renames")
    pairs = zip(raw[0::2], raw[1::2], strict=False)
    changes = (_tree_change(facts, path) for facts, path in pairs)
    return tuple(sorted(changes, key=lambda change: change.path))


async def file_changes(git: Git, old: str, new: str) -> tuple[FileChange, ...]:
    """The changes that `patch` of the same two trees describes, sorted by path bytes."""
    found = await _diff_tree(git, old, new, "--raw", "--numstat", *_RENAMES, *_LINES)
    records = iter(found)
    raw, first_count = _raw_records(records)
    counts = _counts(first_count, records)
    contents = await sha256_of_blobs(git, sorted({r.oid for r in raw if r.mode != GITLINK}))
    changes = [record.finished(counts[record.path], contents) for record in raw]
    return tuple(sorted(changes, key=lambda change: change.path))


async def patch(git: Git, old: str, new: str) -> bytes:
    """The difference as bytes that plain `git apply` takes on `old`; empty when there is none."""
    command = ("diff-tree", "-r", *_PATCH, *_RENAMES, *_LINES, "--end-of-options", old, new, "--")
    return (await git.run(*command, timeout_s=_TIMEOUT_S)).stdout


async def tree_paths(git: Git, tree_ish: str) -> list[tuple[bytes, str, str]]:
    """Path, mode and id of every file, link and submodule of a tree, sorted by path bytes."""
    listed = await git.run("ls-tree", "-r", "-z", "--full-tree", tree_ish, timeout_s=_TIMEOUT_S)
    found: list[tuple[bytes, str, str]] = []
    for entry in listed.stdout.split(b"\0")[:-1]:
        facts, _, path = entry.partition(b"\t")
        mode, _, oid = facts.decode("ascii").split(" ")
        found.append((path, mode, oid))
    found.sort()
    return found


@dataclass(frozen=True)
class _Raw:
    path: bytes
    previous_path: bytes | None
    change_type: str
    mode: str
    oid: str

    def finished(self, count: tuple[bytes, bytes], contents: dict[str, str]) -> FileChange:
        added, removed = count
        binary = added == b"-"
        return FileChange(
            path=self.path,
            change_type=self.change_type,
            previous_path=self.previous_path,
            mode=self.mode,
            insertions=0 if binary else int(added),
            deletions=0 if binary else int(removed),
            binary=binary,
            sha256=contents.get(self.oid, _SHA256_OF_NOTHING),
        )


_SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_TYPES = {b"A": "added", b"D": "deleted", b"R": "renamed", b"C": "copied"}


async def _diff_tree(git: Git, old: str, new: str, *options: str) -> list[bytes]:
    command = ("diff-tree", "-r", "-z", "--full-index", *options)
    result = await git.run(*command, "--end-of-options", old, new, "--", timeout_s=_TIMEOUT_S)
    return result.stdout.split(b"\0")[:-1]


def _tree_change(facts: bytes, path: bytes) -> TreeChange:
    old_mode, new_mode, old_oid, new_oid, _ = facts[1:].decode("ascii").split(" ")
    return TreeChange(
        path=path,
        old_mode=_something(old_mode),
        new_mode=_something(new_mode),
        old_oid=_something(old_oid),
        new_oid=_something(new_oid),
    )


def _something(value: str) -> str | None:
    return value if value.strip("0") else None


def _raw_records(records: Iterator[bytes]) -> tuple[list[_Raw], bytes]:
    """All records that begin with a colon, and the one after them."""
    found: list[_Raw] = []
    for record in records:
        if not record.startswith(b":"):
            return found, record
        letter = record.rpartition(b" ")[2][:1]
        previous = next(records) if letter in b"RC" else None
        found.append(_raw(record, letter, previous, next(records)))
    return found, b""


def _raw(record: bytes, letter: bytes, previous: bytes | None, path: bytes) -> _Raw:
    entry = _tree_change(record, path)
    only_mode = letter == b"M" and entry.old_oid == entry.new_oid
    return _Raw(
        path=path,
        previous_path=previous,
        change_type="mode" if only_mode else _TYPES.get(letter, "modified"),
        mode=entry.new_mode or entry.old_mode or "",
        oid=entry.new_oid or entry.old_oid or "",
    )


def _counts(first: bytes, records: Iterator[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
    """Added and removed lines by path; a rename's record is followed by its two paths."""
    counts = {}
    record = first
    while record:
        added, removed, path = record.split(b"\t", 2)
        if not path:
            next(records)
            path = next(records)
        counts[path] = (added, removed)
        record = next(records, b"")
    return counts
