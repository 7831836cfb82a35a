"""How a worker and its checks ended, by its STATUS.json.

Owns the verdict on one status. A status that contradicts itself is taken by its worst word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory_engine.artifacts.bundle import CheckResult, StatusFile
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.violations import Code, Severity, violation
from factory_engine.escape import printable

_GOOD = ("PASS", "WARN")
_MAX_WARNINGS = 20


def status_violations(
    status: StatusFile, worker_id: str, required: Sequence[str] = ()
) -> Iterator[Violation]:
    """WORKER where the worker did not end well, CHECK where a required check did not.

    Args:
        status: what the bundle says.
        worker_id: whose it is.
        required: checks that must have a result, whatever the bundle calls required.
    """
    yield from _worker(status, worker_id)
    for check in status.required_checks:
        if problem := _problem_of(check):
            yield violation(Code.CHECK, problem, worker_id=worker_id)
    for check in status.optional_checks:
        if problem := _problem_of(check):
            demanded = check.required or check.name in required
            severity: Severity = "error" if demanded else "warning"
            yield violation(Code.CHECK, problem, worker_id=worker_id, severity=severity)
    present = {check.name for check in (*status.required_checks, *status.optional_checks)}
    for name in required:
        if name not in present:
            message = f"required check '{printable(name)}' has no result"
            yield violation(Code.CHECK, message, worker_id=worker_id)


def _worker(status: StatusFile, worker_id: str) -> Iterator[Violation]:
    reason = printable(status.reason or "no reason is given", 400)
    if status.status not in _GOOD:
        message = f"ended as {status.status}: {reason}"
        yield violation(Code.WORKER, message, worker_id=worker_id)
        return
    if status.rc not in (None, 0):
        message = f"says {status.status}, though its program ended with rc {status.rc}"
        yield violation(Code.WORKER, message, worker_id=worker_id)
    if status.status == "WARN":
        message = f"ended with a warning: {reason}"
        yield violation(Code.WORKER, message, worker_id=worker_id, severity="warning")
    for error in status.errors[:_MAX_WARNINGS]:
        message = f"says {status.status}, though it lists an error: {printable(error, 400)}"
        yield violation(Code.WORKER, message, worker_id=worker_id, severity="warning")


def _problem_of(check: CheckResult) -> str:
    name = printable(check.name)
    detail = f": {printable(check.detail)}" if check.detail else ""
    if check.rc != 0:
        return f"check '{name}' ended with rc {check.rc}{detail}"
    if check.status == "BLOCKED":
        return f"check '{name}' is BLOCKED, though its rc is 0{detail}"
    return ""
