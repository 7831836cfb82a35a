"""Whether a patch belongs to base: it applies, where it says, to the contents that it names.

Owns the verdict on what applying told. `git apply` looks at the ids of a text patch only to find a
base for a three-way merge, so that invented ids pass there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory_engine.artifacts.violations import Code, Severity
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange
from factory_engine.patch.model import PatchFile, PatchReading
from factory_engine.rules.base_index import BaseIndex

GradedViolation = tuple[bytes, Code, str, Severity]

_FULL = (40, 64)  # digits of SHA-1 and SHA-256
_MAX_OFFSETS = 50


def base_violations(
    reading: PatchReading,
    base: BaseIndex,
    changes: Sequence[TreeChange],
    rejection: str,
    offsets: Sequence[str],
) -> Iterator[GradedViolation]:
    """PATCH_FORMAT, PATCH_BASE and PATCH_OFFSET.

    Args:
        reading: the patch.
        base: the tree that it should apply to.
        changes: what it made of base; empty when it was not applied.
        rejection: what git said when it refused.
        offsets: what git said when it moved a hunk.
    """
    for violation in reading.violations:
        yield b"", violation.code, f"DIFF.patch, {violation.message}", "error"
    if rejection:
        complaint = printable(rejection.strip().replace("\n", "; "), 400)
        yield b"", Code.PATCH_BASE, f"DIFF.patch does not apply to base: {complaint}", "error"
    for offset in offsets[:_MAX_OFFSETS]:
        yield b"", Code.PATCH_OFFSET, f"DIFF.patch: {printable(offset, 300)}", "error"
    yield from _unread(reading, changes)
    results = {change.path: change.new_oid for change in changes}
    for file in reading.files:
        yield from _id_violations(file, base, results)


def _unread(reading: PatchReading, changes: Sequence[TreeChange]) -> Iterator[GradedViolation]:
    """What git took from the patch and this reader did not: then one of the two was led astray."""
    named = {name for file in reading.files for name in file.names}
    for change in changes:
        if change.path not in named:
            yield change.path, Code.PATCH_FORMAT, "is changed by a part that is no section", "error"


def _id_violations(
    file: PatchFile, base: BaseIndex, results: dict[bytes, str | None]
) -> Iterator[GradedViolation]:
    if file.kind == "added":
        yield from _compared(file.path, file.old_oid, None, "old")
    elif file.old_path is not None and (entry := base.entry(file.old_path)) is not None:
        yield from _compared(file.path, file.old_oid, entry[1], "old")
    if file.kind == "deleted":
        yield from _compared(file.path, file.new_oid, None, "new")
    elif result := results.get(file.path):
        yield from _compared(file.path, file.new_oid, result, "new")


def _compared(
    path: bytes, given: str | None, actual: str | None, side: str
) -> Iterator[GradedViolation]:
    """Whether an id as the patch gives it is the one it should be; None stands for zeros."""
    if given is None:
        return
    zeros = not given.strip("0")
    if zeros if actual is None else (actual.startswith(given) and not zeros):
        return
    owner = "base" if side == "old" else "the result"
    right = f"{owner} has {actual[:12]}" if actual else f"{owner} has none"
    message = f"is patched with {side} id {given[:12]}, and {right}"
    # A short id is written by hand or by a tool that does not know better; git would not either.
    yield path, Code.PATCH_BASE, message, "error" if len(given) in _FULL else "warning"
