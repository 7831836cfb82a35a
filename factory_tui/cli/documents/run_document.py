"""A run as one JSON document and its parts, made from its folded state.

Owns `factory.run/1`, the only machine-readable form of a run that commands print. `documents`
holds its schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory_engine.amendment import all_words
from factory_engine.artifacts.names import (
    DIFF,
    FILES_CHANGED,
    FINAL_REPORT,
    INTEGRATOR,
    LEDGER,
    MANIFEST,
    MERGE_PLAN,
    STATUS,
)
from factory_engine.clock import from_rfc3339
from factory_engine.state import CheckState, RunState, StageState, WorkerState

_ARTIFACTS = {
    "manifest": MANIFEST,
    "ledger": LEDGER,
    "report": f"{INTEGRATOR}/{FINAL_REPORT}",
    "status": f"{INTEGRATOR}/{STATUS}",
    "files_changed": f"{INTEGRATOR}/{FILES_CHANGED}",
    "patch": f"{INTEGRATOR}/{DIFF}",
    "merge_plan": f"{INTEGRATOR}/{MERGE_PLAN}",
}


def run_document(state: RunState, folder: Path, exit_code: int) -> dict[str, Any]:
    """The document of a run.

    Args:
        state: the run.
        folder: where it lies; decides which artifacts are named, relative to it.
        exit_code: what the command ends with.
    """
    integrator = state.integrator
    return {
        "schema": "factory.run/1",
        "run_id": state.run_id or folder.name,
        "status": str(state.status),
        "exit_code": int(exit_code),
        "reason": state.reason,
        "kind": state.kind,
        "base_ref": state.base_ref,
        "base_commit": state.base_commit,
        "dry_run": state.dry_run,
        "interrupted": state.interrupted,
        "elapsed_ms": state.elapsed_ms,
        "merged_tree": state.merged_tree,
        "files": integrator.files,
        "insertions": integrator.insertions,
        "deletions": integrator.deletions,
        "stages": [_stage(stage) for stage in state.stages],
        "workers": [_worker(worker) for worker in state.workers.values()],
        "violations": violations(state),
        "violation_count": violation_count(state),
        "checks": [
            _check(worker.worker_id, check)
            for worker in (*state.workers.values(), integrator)
            for check in worker.checks
        ],
        "culprits": {check: list(ids) for check, ids in state.culprits.items()},
        "conflicts": list(state.conflicts),
        "amendments": all_words(state.amendments),
        "warnings": list(state.warnings),
        "findings": [
            {"name": f.name, "level": f.level, "message": f.message, "advice": f.advice}
            for f in state.findings
            if f.level != "ok"
        ],
        "ledger": {"seq": state.last_seq, "head": state.last_event_id},
        "artifacts": {
            name: relative for name, relative in _ARTIFACTS.items() if (folder / relative).is_file()
        },
    }


def violations(state: RunState) -> list[dict[str, str]]:
    """What is wrong, as far as events carry it, the errors first."""
    listed = [
        {
            "code": violation.code,
            "severity": violation.severity,
            "worker_id": violation.worker_id,
            "path": violation.path,
            "message": violation.message,
        }
        for violation in state.violations
    ]
    return sorted(listed, key=lambda violation: violation["severity"] != "error")


def violation_count(state: RunState) -> int:
    """How many violations there are; `violations` names at most fifty of each worker."""
    everyone = [worker.violation_count for worker in state.workers.values()]
    return max(sum(everyone), state.integrator.violation_count, len(state.violations))


def _stage(stage: StageState) -> dict[str, Any]:
    return {
        "name": stage.name,
        "status": str(stage.status),
        "reason": stage.reason,
        "elapsed_ms": elapsed_ms(stage.started_at, stage.ended_at),
    }


def _worker(worker: WorkerState) -> dict[str, Any]:
    return {
        "id": worker.worker_id,
        "title": worker.title,
        "agent": worker.agent,
        "status": str(worker.status),
        "reason": worker.reason,
        "attempt": worker.attempt,
        "stalled": worker.stalled,
        "rc": worker.rc,
        "files": worker.files,
        "insertions": worker.insertions,
        "deletions": worker.deletions,
        "elapsed_ms": elapsed_ms(worker.started_at, worker.ended_at),
    }


def _check(owner: str, check: CheckState) -> dict[str, Any]:
    return {
        "owner": owner,
        "name": check.name,
        "required": check.required,
        "status": check.status,
        "rc": check.rc,
        "duration_ms": check.duration_ms,
        "detail": check.detail,
    }


def elapsed_ms(started_at: str, ended_at: str) -> int:
    """Between two times of events, in milliseconds; 0 where one of them is not known."""
    if not (started_at and ended_at):
        return 0
    return (from_rfc3339(ended_at) - from_rfc3339(started_at)) // 1000
