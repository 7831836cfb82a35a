"""How a worker and its checks ended, by what its STATUS.json says."""

from __future__ import annotations

from typing import Any

from factory_engine.artifacts.bundle import CheckResult, StatusFile
from factory_engine.rules.worker_status import status_violations


def check(name: str, rc: int, **more: Any) -> CheckResult:
    given = {"required": True, "status": "PASS" if rc == 0 else "BLOCKED", "detail": ""}
    return CheckResult(name=name, rc=rc, log="LOGS/x.log", duration_ms=1, **(given | more))


def status(**changes: Any) -> StatusFile:
    given: dict[str, Any] = {
        "run_id": "r",
        "worker_id": "A_worker",
        "status": "PASS",
        "started_at": "2026-01-31T12:00:00.000000Z",
        "ended_at": "2026-01-31T12:00:01.000000Z",
        "agent": "command",
        "rc": 0,
        "reason": "",
        "required_checks": [],
        "optional_checks": [],
        "errors": [],
        "warnings": [],
        "artifacts": [],
    }
    return StatusFile(**(given | changes))


def found(given: StatusFile, *required: str) -> list[tuple[str, str]]:
    return [(v.code, v.severity) for v in status_violations(given, "A_worker", required)]


def test_a_good_end_is_good() -> None:
    assert found(status(required_checks=[check("unit", 0)]), "unit") == []


def test_a_status_that_contradicts_itself_is_taken_by_its_worst_word() -> None:
    assert found(status(rc=1)) == [("WORKER", "error")]
    assert found(status(errors=["no"])) == [("WORKER", "warning")]
    lying = check("unit", 0, status="BLOCKED")
    assert found(status(required_checks=[lying])) == [("CHECK", "error")]


def test_a_blocked_worker_is_told_once() -> None:
    assert found(status(status="BLOCKED", rc=3, reason="x")) == [("WORKER", "error")]


def test_a_red_optional_check_warns_unless_the_plan_asks_for_it() -> None:
    given = status(optional_checks=[check("lint", 1, required=False)])
    assert found(given) == [("CHECK", "warning")]
    assert found(given, "lint") == [("CHECK", "error")]


def test_a_required_check_without_a_result_is_missed() -> None:
    assert found(status(), "unit") == [("CHECK", "error")]
