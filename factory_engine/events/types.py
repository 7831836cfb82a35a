"""The names of what can happen in a run, and of whom it happens to.

Owns words only. What an event of each type says stands in the class of its details.
"""

from __future__ import annotations

from enum import StrEnum

from factory_engine.artifacts.names import INTEGRATOR

__all__ = ["FACTORY", "INTEGRATOR", "OPERATOR", "STAGES", "EventType"]

FACTORY = "factory"
OPERATOR = "operator"

STAGES = ("preflight", "launch", "bundle-validate", "integrate", "summary")


class EventType(StrEnum):
    """What can happen in a run."""

    RUN_CREATED = "run.created"
    RUN_RESUMED = "run.resumed"
    RUN_INTERRUPTED = "run.interrupted"
    RUN_FINISHED = "run.finished"
    LEDGER_REPAIRED = "ledger.repaired"
    STAGE_STARTED = "stage.started"
    STAGE_FINISHED = "stage.finished"
    FINDING = "preflight.finding"
    WORKER_STARTED = "worker.started"
    WORKER_SESSION = "worker.session"
    WORKER_ACTIVITY = "worker.activity"
    WORKER_STALLED = "worker.stalled"
    WORKER_HEARD = "worker.heard"
    WORKER_EXITED = "worker.exited"
    WORKER_RETRIED = "worker.retried"
    WORKER_CHECKED = "worker.checked"
    WORKER_FINISHED = "worker.finished"
    BASELINE_STARTED = "baseline.started"
    BASELINE_FINISHED = "baseline.finished"
    LOCK_AMENDED = "lock.amended"
    BUNDLE_JUDGED = "bundle.judged"
    MERGE_FINISHED = "merge.finished"
    CHECK_STARTED = "check.started"
    CHECK_FINISHED = "check.finished"
    CULPRIT_SEARCHED = "culprit.searched"
    INTEGRATION_JUDGED = "integration.judged"
    REPORT_WRITTEN = "report.written"
