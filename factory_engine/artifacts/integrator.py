"""What Z writes beside its patch: the status of the run with every violation and conflict."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from factory_engine.artifacts.base import Artifact, Record, Text, Timestamp
from factory_engine.artifacts.bundle import CheckResult


class Violation(Record):
    """One thing that is wrong, and whose it is.

    `code` is a word from the list in `docs/violations.md`, stable across versions; `worker_id` is
    empty where no single worker is meant; `path` is the path as git has it, to be escaped by
    whoever shows it; a warning never blocks.
    """

    code: Text
    severity: Literal["error", "warning"] = "error"
    worker_id: Text = ""
    path: Text = ""
    message: Text

    def sort_key(self) -> tuple[str, str, bytes, str, str]:
        """Errors first, then by worker, path bytes, code, message: the order of every list."""
        path = self.path.encode("utf-8", "surrogatepass")
        return (self.severity, self.worker_id, path, self.code, self.message)


class ConflictRecord(Record):
    """A shared path that two workers changed in ways that do not merge."""

    path: Text
    workers: list[Text]
    kind: Text
    hunks: Text


class StageResult(Record):
    """How one stage of the run ended."""

    name: Text
    status: Literal["PENDING", "PASS", "BLOCKED", "FAIL"]


class CarriedRecord(Record):
    """What of the operator's work tree the checks found in their checkouts, though git ignores it.

    `entries` counts the files and folders of a folder; `digest` is of a file its content, of a
    folder names, sizes, modes and times.
    """

    path: Text
    entries: int
    digest: Text


class PreparedRecord(Record):
    """What a step of `workspace.prepare` had made for the checks: its name and its key."""

    name: Text
    key: Text


class AmendmentRecord(Record):
    """A scope lock that an operator changed after it was issued: whose, by whom, why, and how.

    `words` says the same in one line.
    """

    worker_id: Text
    who: Text
    reason: Text
    old: dict[str, list[Text]]
    new: dict[str, list[Text]]
    words: Text


class IntegratorStatus(Artifact):
    """`Z_integrator/STATUS.json`: the verdict of the run.

    `isolation` says what kept the checks from the operator's own work tree: it was not there, could
    not be opened, or nothing did; empty where no check ran.
    """

    worker_id: Literal["Z_integrator"] = "Z_integrator"
    status: Literal["PASS", "BLOCKED", "FAIL"]
    started_at: Timestamp
    ended_at: Timestamp
    agent: Text = ""
    rc: int | None = None
    reason: Text = ""
    isolation: Literal["", "mount", "landlock", "none"] = ""
    carried: list[CarriedRecord] = Field(default_factory=list)
    prepared: list[PreparedRecord] = Field(default_factory=list)
    amendments: list[AmendmentRecord] = Field(default_factory=list)
    required_checks: list[CheckResult]
    optional_checks: list[CheckResult]
    errors: list[Text]
    warnings: list[Text]
    artifacts: list[Text]
    stages: list[StageResult]
    conflicts: list[ConflictRecord]
    violations: list[Violation]
