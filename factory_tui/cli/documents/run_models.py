"""The documents about runs: one run, the list of them, the ledger, replay and verification.

Owns their published shape, as `models` does for all others.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from factory_engine.artifacts.base import Text
from factory_engine.artifacts.ledger_event import LedgerEvent

StatusWord = Literal["PENDING", "RUNNING", "PASS", "BLOCKED", "FAIL"]


class Document(BaseModel):
    """A closed object; `schema` names the model and its number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Head(Document):
    """The end of a ledger: the number and the id of its last event."""

    seq: int
    head: str


class Stage(Document):
    """One stage of a run."""

    name: str
    status: StatusWord
    reason: Text
    elapsed_ms: int


class Worker(Document):
    """One worker of a run."""

    id: str
    title: Text
    agent: Text
    status: StatusWord
    reason: Text
    attempt: int
    stalled: bool
    rc: int | None
    files: int
    insertions: int
    deletions: int
    elapsed_ms: int


class Violation(Document):
    """One thing that is wrong."""

    code: Text
    severity: Text
    worker_id: Text
    path: Text
    message: Text


class Check(Document):
    """One check of a worker, or of Z on the merged tree."""

    owner: str
    name: Text
    required: bool
    status: Text
    rc: int | None
    duration_ms: int
    detail: Text


class Precondition(Document):
    """One finding of preflight."""

    name: Text
    level: Literal["ok", "warn", "block"]
    message: Text
    advice: Text


class RunDocument(Document):
    """`factory.run/1`: a run as it stands. Violations: at most fifty of each worker."""

    schema_: Literal["factory.run/1"] = Field(alias="schema")
    run_id: str
    status: StatusWord
    exit_code: int
    reason: Text
    kind: Text
    base_ref: Text
    base_commit: str
    dry_run: bool
    interrupted: str
    elapsed_ms: int
    merged_tree: str
    files: int
    insertions: int
    deletions: int
    stages: list[Stage]
    workers: list[Worker]
    violations: list[Violation]
    violation_count: int
    checks: list[Check]
    culprits: dict[Text, list[str]]
    conflicts: list[Text]
    amendments: list[Text]
    warnings: list[Text]
    findings: list[Precondition]
    ledger: Head
    artifacts: dict[str, str]


class RunSummary(Document):
    """One run of a list; `workers` has the status of each, empty before a verdict."""

    run_id: str
    status: str
    started_at: str
    base_ref: Text
    base_commit: str
    dry_run: bool
    workers: dict[str, str]
    files: int
    reason: Text
    foreign: bool


class RunsDocument(Document):
    """`factory.runs/1`: the newest runs; `total` counts all. Kept workspaces take room."""

    schema_: Literal["factory.runs/1"] = Field(alias="schema")
    runs: list[RunSummary]
    total: int
    workspaces_bytes: int


class LedgerDocument(Document):
    """`factory.ledger/1`: events, oldest first."""

    schema_: Literal["factory.ledger/1"] = Field(alias="schema")
    events: list[LedgerEvent]


class ReplayDocument(Document):
    """`factory.replay/1`: whether a run's ledger and files hold, and what they come to."""

    schema_: Literal["factory.replay/1"] = Field(alias="schema")
    run_id: str
    consistent: bool
    exit_code: int
    problems: list[Text]
    notes: list[Text]
    ledger: Head
    run: RunDocument


class VerifyDocument(Document):
    """`factory.verify/1`: whether a run's folder proves what it says; `problem` is the first."""

    schema_: Literal["factory.verify/1"] = Field(alias="schema")
    run_id: Text
    holds: bool
    exit_code: int
    verdict: StatusWord
    problem: Text
    held: list[Text]
    notes: list[Text]
    signed_by: list[Text]
    key_checked: bool
    rederived: bool
    ledger: Head
