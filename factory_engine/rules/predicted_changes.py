"""What a patch would change if it applied, by its own words.

Owns the stand-in for a tree difference when there is none. Good for listing further problems of a
bundle that is blocked already, never for letting one pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import FILE
from factory_engine.patch.model import PatchFile, PatchReading
from factory_engine.rules.base_index import BaseIndex


@dataclass(frozen=True)
class PredictedChanges:
    """Changes whose ids are tokens of ours, and the contents that could be told, by token."""

    changes: tuple[TreeChange, ...]
    contents: Mapping[str, bytes]


def predict_changes(reading: PatchReading, base: BaseIndex) -> PredictedChanges:
    """The changes that `reading` describes, one for each path, sorted by path."""
    changes: dict[bytes, TreeChange] = {}
    contents: dict[str, bytes] = {}
    for number, file in enumerate(reading.files):
        token = f"new {number}"
        for change in _changes(file, token, base):
            before = changes.get(change.path)
            if before is not None and before.old_mode is not None:  # deleted, then added anew
                change = replace(change, old_mode=before.old_mode, old_oid=before.old_oid)
            changes[change.path] = change
        if file.kind == "added" and not file.binary:
            contents[token] = b"\n".join(line for _, line in reading.lines(file))
    return PredictedChanges(tuple(changes[path] for path in sorted(changes)), contents)


def _changes(file: PatchFile, token: str, base: BaseIndex) -> list[TreeChange]:
    changes = []
    old, new = file.old_path, file.new_path
    entry = base.entry(old) if old is not None else None
    old_mode = entry[0] if entry else file.old_mode or FILE
    old_oid = entry[1] if entry else "old"
    if old is not None and old != new and file.kind in ("deleted", "renamed"):
        changes.append(TreeChange(old, old_mode, None, old_oid, None))
    if new is None:
        return changes
    if file.kind == "modified":
        new_oid = token if file.changes_content else old_oid
        changes.append(TreeChange(new, old_mode, file.new_mode or old_mode, old_oid, new_oid))
    else:
        changes.append(TreeChange(new, None, file.new_mode or old_mode, None, token))
    return changes
