"""Whose a hunk of the merged patch is.

Owns the comparison: all patches start from one base, so that hunks which change the same lines
of it belong together. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from factory_engine.patch.model import PatchFile, PatchReading
from factory_tui.console.diff.rows import HunkLines
from factory_tui.text.foreign import text_of


def hunk_owners(
    merged: PatchReading,
    owners: Mapping[str, Sequence[str]],
    patch_of: Callable[[str], PatchReading],
) -> dict[tuple[int, int], str]:
    """The letters of the workers of each hunk, by file and hunk of `merged`.

    Args:
        merged: Z's patch.
        owners: the workers that changed a path.
        patch_of: the patch of a worker; asked once for each, and only where a path is shared.
    """
    readings: dict[str, PatchReading] = {}
    names_at: dict[tuple[int, int], str] = {}
    for number, file in enumerate(merged.files):
        path = text_of(file.path)
        workers = owners.get(path, ())
        touched = {}
        if len(workers) > 1:
            for worker in workers:
                if worker not in readings:
                    readings[worker] = patch_of(worker)
                touched[worker] = _touched(readings[worker], path)
        for position, hunk in enumerate(file.hunks):
            names = workers
            if touched:
                lines = _changed(HunkLines(merged.data, hunk))
                names = [worker for worker in workers if touched[worker] & lines] or workers
            if names:
                names_at[number, position] = ",".join(name[:1] for name in names)
    return names_at


def _touched(reading: PatchReading, path: str) -> set[int]:
    """The lines of base that a patch changes in a file; an insertion counts for the line before."""
    files: list[PatchFile] = [file for file in reading.files if text_of(file.path) == path]
    return {
        line
        for file in files
        for hunk in file.hunks
        for line in _changed(HunkLines(reading.data, hunk))
    }


def _changed(lines: HunkLines) -> set[int]:
    found = set()
    for index, sign in enumerate(lines.signs):
        if sign == b"-":
            found.add(lines.line(index).old)
        elif sign == b"+":
            found.add(lines.old_before(index))
    return found
