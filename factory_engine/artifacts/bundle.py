"""The artifacts of one worker's bundle.

Owns the models of the five JSON files. A bundle may come from elsewhere with only the fields that
have no default here.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from factory_engine.artifacts import strict_json
from factory_engine.artifacts.base import Artifact, Owner, Record, Sha256, Text, Timestamp, WorkerId

ChangeType = Literal["added", "modified", "deleted", "renamed", "copied", "mode"]
BundleStatus = Literal["PENDING", "RUNNING", "PASS", "WARN", "BLOCKED", "FAIL"]


class CheckResult(Record):
    """One check: a named command or built-in test. It passed when `rc` is 0."""

    name: Text
    rc: int
    required: bool = True
    status: Literal["PASS", "BLOCKED", "SKIPPED"] = "PASS"
    detail: Text = ""
    log: Text = ""
    duration_ms: int = Field(default=0, ge=0)


class StatusFile(Artifact):
    """`STATUS.json` of a worker."""

    worker_id: WorkerId
    status: BundleStatus
    started_at: Timestamp
    ended_at: Timestamp
    agent: Text = ""
    rc: int | None = None
    reason: Text = ""
    required_checks: list[CheckResult]
    optional_checks: list[CheckResult]
    errors: list[Text]
    warnings: list[Text]
    artifacts: list[Text]


class Change(Record):
    """One changed path. `sha256` is of the new content; of the old one for a deletion."""

    path: Text
    change_type: ChangeType
    reason: Text
    sha256: Sha256
    previous_path: Text | None = None
    mode: str | None = Field(default=None, pattern=r"^[0-7]{6}$")
    insertions: int | None = Field(default=None, ge=0)
    deletions: int | None = Field(default=None, ge=0)
    binary: bool | None = None


class FilesChanged(Artifact):
    """`FILES_CHANGED.json`, sorted by path bytes."""

    max_bytes: ClassVar[int] = strict_json.MAX_CLAIM_BYTES

    owner: Owner
    changes: list[Change]


class ScopeLock(Artifact):
    """`SCOPE_LOCK.json`: patterns with gitignore semantics, relative to the repository root."""

    worker_id: WorkerId
    allowed_globs: list[Text]
    blocked_globs: list[Text]
    allow_shared_paths: list[Text]


class HandoffNote(Artifact):
    """`HANDOFF_NOTE.json`: what the next one should know."""

    worker_id: WorkerId
    summary: Text
    decisions: list[Text]
    risks: list[Text]
    next_actions: list[Text]


class LogEntry(Record):
    """One log file, its path relative to the bundle."""

    name: Text
    path: Text
    bytes: int = Field(default=0, ge=0)
    lines: int = Field(default=0, ge=0)
    sha256: Sha256 | None = None
    truncated: bool = False


class LogIndex(Artifact):
    """`LOGS/INDEX.json`."""

    owner: Owner
    logs: list[LogEntry]
