"""Bundles for the console's tests: the artifacts of one worker and of Z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from factory_engine.artifacts.bundle import (
    Change,
    CheckResult,
    FilesChanged,
    HandoffNote,
    ScopeLock,
    StatusFile,
)
from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.run_folder import RunFolder
from tests.console import builders as b
from tests.console.patches import SAMPLE

TIME = "2026-09-21T14:13:20.000000Z"
SHA = "0" * 64

SUMMARY = """# What was done

Changed **things**.

- one
- two

[a link](http://evil.example) \x1b[31mred\x1b[0m \x1b]0;owned\x07
"""


def lock(worker_id: str, allow: Sequence[str], block: Sequence[str] = ()) -> ScopeLock:
    """A scope lock."""
    return ScopeLock(
        run_id=b.RUN_ID,
        worker_id=worker_id,
        allowed_globs=list(allow),
        blocked_globs=list(block),
        allow_shared_paths=[],
    )


def worker_bundle(
    folder: RunFolder,
    letter: str = "C",
    patch: str = SAMPLE,
    *,
    allow: Sequence[str] = ("src/**",),
    block: Sequence[str] = (),
    log: str | bytes = "said\n",
) -> None:
    """A worker's bundle whose lock allows `allow`."""
    worker_id = f"{letter}_worker"
    checks = [
        CheckResult(name="unit", rc=0, log="LOGS/check-unit.log", duration_ms=1200),
        CheckResult(
            name="types", rc=1, status="BLOCKED", detail="exit 1", log="LOGS/check-types.log"
        ),
    ]
    status = StatusFile(
        run_id=b.RUN_ID,
        worker_id=worker_id,
        status="BLOCKED",
        started_at=TIME,
        ended_at=TIME,
        required_checks=checks,
        optional_checks=[],
        errors=["check types exit 1"],
        warnings=["2 processes were left behind and were ended"],
        artifacts=[],
    )
    note = HandoffNote(
        run_id=b.RUN_ID,
        worker_id=worker_id,
        summary="half done",
        decisions=["kept the API"],
        risks=[],
        next_actions=["finish it"],
    )
    for name, content in {
        "DIFF.patch": patch.encode(),
        "SUMMARY.md": SUMMARY.encode(),
        "SUGGESTIONS.md": b"# Suggestions\n\nRename `load`.\n",
        "SCOPE_LOCK.json": lock(worker_id, allow, block).to_bytes(),
        "HANDOFF_NOTE.json": note.to_bytes(),
        "STATUS.json": status.to_bytes(),
        "LOGS/agent.log": log if isinstance(log, bytes) else log.encode(),
        "LOGS/check-types.log": b"src/api/runs.py:3: error: no\n",
        "LOGS/check-unit.log": b"3 passed\n",
    }.items():
        b.artifact(folder, f"{worker_id}/{name}", content)


def integrator_bundle(folder: RunFolder, patch: str, owners: Mapping[str, Sequence[str]]) -> None:
    """Z's artifacts; `owners` are the workers of each path."""
    changes = [
        Change(path=path, change_type="modified", reason=", ".join(workers), sha256=SHA)
        for path, workers in sorted(owners.items())
    ]
    status = IntegratorStatus(
        run_id=b.RUN_ID,
        status="PASS",
        started_at=TIME,
        ended_at=TIME,
        required_checks=[CheckResult(name="tests", rc=0, log="LOGS/check-tests.log")],
        optional_checks=[],
        errors=[],
        warnings=[],
        artifacts=[],
        stages=[],
        conflicts=[],
        violations=[],
    )
    claims = FilesChanged(run_id=b.RUN_ID, owner="Z_integrator", changes=changes)
    for name, content in {
        "DIFF.patch": patch.encode(),
        "FILES_CHANGED.json": claims.to_bytes(),
        "STATUS.json": status.to_bytes(),
        "MERGE_PLAN.md": b"# Merge plan\n\n1. A_worker\n2. B_worker\n",
        "FINAL_REPORT.txt": b"STATUS: PASS\nRun:    x\n",
        "LOGS/check-tests.log": b"all green\n",
    }.items():
        b.artifact(folder, f"Z_integrator/{name}", content)
