"""`RUN_MANIFEST.json`: the sealed plan of a run, written once when it is created."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from factory_engine.artifacts.base import (
    Artifact,
    ObjectId,
    Record,
    Sha256,
    Text,
    Timestamp,
    WorkerId,
)
from factory_engine.artifacts.bundle import ScopeLock


class WorkerPlan(Record):
    """What a worker was to do, and the scope lock that counts for it.

    `prompt` is the operator's text, also where it came from a file.
    """

    worker_id: WorkerId
    title: Text
    agent: Text
    has_task: bool
    prompt: Text = ""
    allowed_globs: list[Text]
    blocked_globs: list[Text]
    allow_shared_paths: list[Text]


class RunManifest(Artifact):
    """The plan: `config` is the effective configuration as far as it decides the outcome."""

    max_bytes: ClassVar[int] = 16_000_000

    kind: Text
    base_ref: Text
    base_commit: ObjectId
    created_at: Timestamp
    dry_run: bool
    workers: list[WorkerPlan]
    config: dict[str, Any]
    config_sha256: Sha256
    versions: dict[str, Text]

    def plan(self, worker_id: str) -> WorkerPlan:
        """The plan of one worker. Raises KeyError for an id that is not in the run."""
        for worker in self.workers:
            if worker.worker_id == worker_id:
                return worker
        raise KeyError(worker_id)


class Patterns(Protocol):
    """The lists of a scope lock, wherever they stand."""

    @property
    def allowed_globs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def blocked_globs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def allow_shared_paths(self) -> Sequence[str]: ...  # noqa: D102


def issued_lock(
    manifest: RunManifest, worker_id: str, amended: Patterns | None = None
) -> ScopeLock:
    """The lock that counts: the plan's, or what an operator amended it to.

    Raises:
        KeyError: the run has no such worker.
    """
    plan = manifest.plan(worker_id)
    lists = amended or plan
    return ScopeLock(
        run_id=manifest.run_id,
        worker_id=worker_id,
        allowed_globs=list(lists.allowed_globs),
        blocked_globs=list(lists.blocked_globs),
        allow_shared_paths=list(lists.allow_shared_paths),
    )
