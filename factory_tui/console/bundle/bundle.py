"""The artifacts of one worker or of Z, read for showing.

Owns how a folder that may come from anywhere is read: each artifact for itself, with a clause
where it cannot be. Runs in a thread; changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from factory_engine.artifacts.base import Artifact
from factory_engine.artifacts.bundle import (
    CheckResult,
    FilesChanged,
    HandoffNote,
    ScopeLock,
    StatusFile,
)
from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.manifest import issued_lock as manifest_lock
from factory_engine.artifacts.names import (
    DIFF,
    FILES_CHANGED,
    FINAL_REPORT,
    HANDOFF,
    MANIFEST,
    MERGE_PLAN,
    SCOPE_LOCK,
    STATUS,
    SUGGESTIONS,
    SUMMARY,
)
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.events import INTEGRATOR
from factory_engine.patch.model import PatchReading
from factory_engine.patch.reader import read_patch
from factory_engine.rules.scope import ScopeRules
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.state import RunState
from factory_tui.console.bundle.hunk_owner import hunk_owners
from factory_tui.console.diff.files import FileEntry, entries
from factory_tui.text.foreign import text_of

PATCH_BYTES = 256 << 20
TEXT_BYTES = 4 << 20

A = TypeVar("A", bound=Artifact)


@dataclass(frozen=True)
class Bundle:
    """What the folder of a worker, or of Z, says.

    Args:
        exists: whether there is any artifact.
        patch, files: the diff; `files` with scope and owners.
        owners: for Z, whose each hunk is, by file and hunk.
        texts: summary, suggestions, merge plan, report; a missing one says so.
        lock: the scope lock that counts; None where it is not known.
        found_lock: the lock that lies in the bundle.
        checks: with the log of each.
        problems: artifacts that cannot be read.
    """

    exists: bool = False
    patch: PatchReading = field(default_factory=lambda: PatchReading(b""))
    files: tuple[FileEntry, ...] = ()
    owners: dict[tuple[int, int], str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lock: ScopeLock | None = None
    found_lock: ScopeLock | None = None
    handoff: HandoffNote | None = None
    checks: tuple[CheckResult, ...] = ()
    status: StatusFile | IntegratorStatus | None = None
    problems: tuple[str, ...] = ()


class _Reader:
    """Reads artifacts of one owner and remembers what went wrong."""

    def __init__(self, folder: RunFolder, owner: str) -> None:
        self.folder = folder
        self.owner = owner
        self.problems: list[str] = []

    def data(self, name: str, limit: int) -> bytes:
        try:
            return self.folder.read(f"{self.owner}/{name}", limit)
        except Unreadable as error:
            self.problems.append(f"{name} {error.message}")
            return b""

    def text(self, name: str) -> str:
        data = self.data(name, TEXT_BYTES)
        return text_of(data) if data else f"There is nothing in {name}."

    def model(self, name: str, parse: Callable[[bytes], A], limit: int = TEXT_BYTES) -> A | None:
        data = self.data(name, limit)
        if not data:
            return None
        try:
            return parse(data)
        except JsonProblem as error:
            self.problems.append(f"{name} {error.message}")
            return None


def issued_lock(folder: RunFolder, state: RunState, worker_id: str) -> ScopeLock | None:
    """The lock that counts: the plan's, or what an operator amended it to. None if unknown."""
    try:
        manifest = RunManifest.from_bytes(folder.read(MANIFEST, RunManifest.max_bytes))
        return manifest_lock(manifest, worker_id, state.amended_locks.get(worker_id))
    except (Unreadable, JsonProblem, KeyError):
        return None


def read_bundle(folder: RunFolder, state: RunState, owner: str) -> Bundle:
    """Everything that the folder of `owner` holds."""
    if not folder.bundle(owner).is_dir():
        return Bundle()
    reader = _Reader(folder, owner)
    patch = read_patch(reader.data(DIFF, PATCH_BYTES))
    if owner == INTEGRATOR:
        return _integrator(reader, patch, state)
    status = reader.model(STATUS, StatusFile.from_bytes)
    own_lock = reader.model(SCOPE_LOCK, ScopeLock.from_bytes)
    lock = issued_lock(folder, state, owner) or own_lock
    decide = ScopeRules.from_lock(lock).decide if lock else None
    return Bundle(
        exists=True,
        patch=patch,
        files=tuple(entries(patch.files, decide)),
        texts={name: reader.text(name) for name in (SUMMARY, SUGGESTIONS)},
        lock=lock,
        found_lock=own_lock,
        handoff=reader.model(HANDOFF, HandoffNote.from_bytes),
        checks=(*status.required_checks, *status.optional_checks) if status else (),
        status=status,
        problems=tuple(reader.problems),
    )


def _integrator(reader: _Reader, patch: PatchReading, state: RunState) -> Bundle:
    status = reader.model(STATUS, IntegratorStatus.from_bytes)
    claims = reader.model(FILES_CHANGED, FilesChanged.from_bytes, FilesChanged.max_bytes)
    whose = {
        change.path: tuple(change.reason.split(", "))
        for change in (claims.changes if claims else ())
        if "_worker" in change.reason
    }
    return Bundle(
        exists=True,
        patch=patch,
        files=tuple(entries(patch.files, owners=lambda path: whose.get(path, ()))),
        owners=hunk_owners(patch, whose, lambda worker: _patch_of(reader.folder, worker)),
        texts={name: reader.text(name) for name in (FINAL_REPORT, MERGE_PLAN)},
        checks=(*status.required_checks, *status.optional_checks) if status else (),
        status=status,
        problems=tuple(reader.problems),
    )


def _patch_of(folder: RunFolder, worker_id: str) -> PatchReading:
    try:
        return read_patch(folder.read(f"{worker_id}/{DIFF}", PATCH_BYTES))
    except Unreadable:
        return PatchReading(b"")
