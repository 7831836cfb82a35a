"""What no worker may do, whatever its scope says.

Owns the rules of the policy on what a patch yields: protected paths, kinds of files, sizes,
numbers. Rules that need the content of a file are in `links` and `attributes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from factory_engine.artifacts.violations import Code
from factory_engine.config.models import PolicyConfig
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import FILE_MODES, GITLINK, LINK
from factory_engine.patch.model import PatchFile, PatchReading
from factory_engine.rules.name_folding import fold_component, special_name
from factory_engine.rules.scope import PatternList

_UNFOLDED = 128 << 20
_UNFOLDED_FOR_EACH_BYTE = 3  # an honest binary file shrinks to a third at most, or is small

PathViolation = tuple[bytes, Code, str]
"""A path (empty where none is meant), what is wrong with it, and in which words."""


class Protection:
    """The paths that nobody may change: the patterns of the policy, and the run records.

    Args:
        patterns: gitignore patterns; a path in another spelling of the same name (case, characters
            without width) is as protected, for on some system it is that file.
        runs_dir: the folder of runs, relative to the top of the repository; None where it lies
            elsewhere. It is protected in every spelling, and so is each folder above it against
            being replaced by a file.
    """

    def __init__(self, patterns: Sequence[str], runs_dir: bytes | None) -> None:
        self._patterns = PatternList(patterns)
        self._folded = PatternList([pattern.casefold() for pattern in patterns])
        parts = runs_dir.strip(b"/").split(b"/") if runs_dir else []
        self._runs = tuple(fold_component(part) for part in parts)

    def reason(self, path: bytes) -> str:
        """Why `path` is protected; empty when it is not."""
        if self._runs and self._is_of_runs(path):
            return "belongs to the folder of runs"
        pattern = self._patterns.match(path.decode("utf-8", "surrogateescape"))
        if pattern is None:
            folded = "/".join(fold_component(part) for part in path.split(b"/"))
            pattern = self._folded.match(folded)
        return "" if pattern is None else f"is protected by '{printable(pattern, 80)}'"

    def _is_of_runs(self, path: bytes) -> bool:
        parts = path.split(b"/")
        if fold_component(parts[0]) != self._runs[0]:
            return False
        return all(fold_component(p) == ours for ours, p in zip(self._runs, parts, strict=False))


def kind_violations(changes: Sequence[TreeChange], policy: PolicyConfig) -> Iterator[PathViolation]:
    """GITLINK, GITMODULES and MODE: entries that are neither files nor links.

    A submodule is refused on either side, as is the file that describes submodules: a clone with
    `--recurse-submodules` runs what it says (CVE-2018-17456, CVE-2024-32002, CVE-2025-48384).
    """
    for change in changes:
        if policy.submodules == "block":
            if GITLINK in (change.old_mode, change.new_mode):
                yield change.path, Code.GITLINK, "is a submodule"
            if b"/" not in change.path and special_name(change.path) == ".gitmodules":
                yield change.path, Code.GITMODULES, "describes submodules"
        if change.new_mode not in (None, *FILE_MODES, LINK, GITLINK):
            yield change.path, Code.MODE, f"has mode {change.new_mode}, which git does not use"


def patch_violations(reading: PatchReading, policy: PolicyConfig) -> Iterator[PathViolation]:
    """What the text of a patch alone shows: modes that git would put right, binary files, sizes."""
    for file in reading.files:
        unchanged = file.kind == "modified" and file.old_mode == file.new_mode
        if not unchanged and file.new_mode not in (None, *FILE_MODES, LINK, GITLINK):
            yield file.path, Code.MODE, f"has mode {file.new_mode}, which git does not use"
        if policy.binary == "block" and file.binary:
            yield file.path, Code.BINARY, "is binary"
        if (size := _least_size(file)) > policy.max_file_bytes:
            yield file.path, Code.TOO_LARGE, _too_large(size, policy)
    if bomb := _bomb(reading):
        yield b"", Code.PATCH_LIMIT, f"DIFF.patch: {bomb}"
    if policy.binary == "block":
        yield from _nul_violations(reading)


def size_violations(
    changes: Sequence[TreeChange],
    sizes: Mapping[str, int],
    policy: PolicyConfig,
) -> Iterator[PathViolation]:
    """TOO_LARGE for each content over the limit, TOO_MANY_FILES once."""
    for change in changes:
        size = sizes.get(change.new_oid or "", 0)
        if size > policy.max_file_bytes:
            yield change.path, Code.TOO_LARGE, _too_large(size, policy)
    if len(changes) > policy.max_files:
        yield b"", Code.TOO_MANY_FILES, f"{len(changes):,} paths change, over {policy.max_files:,}"


def unfolds_too_far(reading: PatchReading, policy: PolicyConfig) -> bool:
    """Whether this patch makes a file over the limit, so that applying must not be tried."""
    limit = policy.max_file_bytes
    return bool(_bomb(reading)) or any(_least_size(file) > limit for file in reading.files)


def _least_size(file: PatchFile) -> int:
    """The size of the new content as far as it can be told before it is made."""
    if file.declared_sizes:
        return file.declared_sizes[0]
    if file.kind == "added":
        return sum(hunk.end - hunk.start for hunk in file.hunks) - file.insertions
    return file.insertions  # each line has its newline


def _bomb(reading: PatchReading) -> str:
    """How far all binary contents together unfold, both ways, where that is out of proportion.

    `git apply` holds all of them at once, and six megabytes can unfold to a gigabyte.
    """
    unfolded = sum(sum(file.declared_sizes) for file in reading.files)
    if unfolded <= max(_UNFOLDED, _UNFOLDED_FOR_EACH_BYTE * len(reading.data)):
        return ""
    return f"its binary contents unfold to {unfolded:,} bytes, from {len(reading.data):,}"


def _nul_violations(reading: PatchReading) -> Iterator[PathViolation]:
    """Files with a NUL in an added line: binary ones that were made a text patch by force."""
    at = reading.data.find(b"\0")
    while at >= 0:
        place = reading.locate(at)
        if place is not None:
            yield place[0].path, Code.BINARY, "is binary"
        line = reading.data.find(b"\n", at)
        at = reading.data.find(b"\0", line) if line >= 0 else -1


def _too_large(size: int, policy: PolicyConfig) -> str:
    return f"has {size:,} bytes, over {policy.max_file_bytes:,}"
