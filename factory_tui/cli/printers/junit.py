"""A run as JUnit XML: a suite a stage, a case for each finding, worker and check.

Owns the file that `--junit` names.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from factory_engine import storage
from factory_engine.escape import printable
from factory_engine.events import RecordedViolation
from factory_engine.state import CheckState, RunState, WorkerState
from factory_engine.status import Status
from factory_tui.cli.documents.run_document import elapsed_ms
from factory_tui.text.checks import explanation

_LISTED = 50


def write_junit(path: Path, state: RunState) -> None:
    """Write the report of a run, whole or not at all. Raises StorageError if the disk refuses."""
    storage.replace_file(path, junit_xml(state))


def junit_xml(state: RunState) -> bytes:
    """The bytes of the report: only stages that have come to an end are in it."""
    document = JUnitXml("factory")
    cases = {
        "preflight": _preflight,
        "launch": _launch,
        "bundle-validate": _validate,
        "integrate": _integrate,
    }
    for stage in state.stages:
        if stage.name not in cases or not stage.status.is_verdict:
            continue
        suite = TestSuite(stage.name)
        suite.add_property("run_id", printable(state.run_id))
        suite.add_property("base", printable(state.base_commit))
        suite.add_property("ledger_head", printable(state.last_event_id))
        for case in cases[stage.name](state):
            suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    written = io.BytesIO()
    document.write(written, pretty=True)
    return written.getvalue()


def _preflight(state: RunState) -> Iterator[TestCase]:
    for finding in state.findings:
        problem = f"{finding.message}; {finding.advice}" if finding.advice else finding.message
        blocks = finding.level == "block"
        yield _case("preflight", finding.name, 0, [problem] if blocks else [], "preflight")


def _launch(state: RunState) -> Iterator[TestCase]:
    for worker in state.workers.values():
        took = elapsed_ms(worker.started_at, worker.ended_at)
        if not worker.has_task or state.dry_run:
            yield _case("launch", worker.worker_id, took, skipped="no task")
            continue
        yield _case("launch", worker.worker_id, took, _own_problems(worker), "worker")
        for check in worker.checks:
            yield _check("launch", f"{worker.worker_id} {check.name}", check, state)
    for check in state.baseline.values():
        if check.rc != 0:  # a green one is a matter of course
            shown = check if state.stopped_by_base else replace(check, required=False)
            yield _check("launch", f"{check.name} on base", shown, state)


def _own_problems(worker: WorkerState) -> list[str]:
    """Why a worker failed by itself; what its bundle does wrong is the next stage's matter."""
    if worker.judged.is_verdict:
        errors = (v for v in worker.violations if v.severity == "error")
        return [v.message for v in errors if v.code == "WORKER"]
    if worker.collected and worker.status is Status.PASS:
        return []
    return [worker.reason or str(worker.status)]


def _validate(state: RunState) -> Iterator[TestCase]:
    for worker in state.workers.values():
        yield _case("bundle-validate", worker.worker_id, 0, _errors(worker), _kind(worker))


def _integrate(state: RunState) -> Iterator[TestCase]:
    stage, integrator = state.stage("integrate"), state.integrator
    took = elapsed_ms(stage.started_at, stage.ended_at)
    problems = _errors(integrator)
    if not problems and stage.status is not Status.PASS:
        problems = [stage.reason or str(stage.status)]
    yield _case("integrate", "verdict", took, problems, _kind(integrator))
    for check in integrator.checks:
        yield _check("integrate", check.name, check, state)


def _check(stage: str, name: str, check: CheckState, state: RunState) -> TestCase:
    problem = f"rc {check.rc}" + (f", {check.detail}" if check.detail else "")
    if check.rc != 0 and not check.required:
        return _case(stage, name, check.duration_ms, skipped=f"optional: {problem}")
    problems = [problem, *explanation(state, check)] if check.rc != 0 else []
    return _case(stage, name, check.duration_ms, problems, "check")


def _errors(worker: WorkerState) -> list[str]:
    found = [violation for violation in worker.violations if violation.severity == "error"]
    lines = [_line(violation) for violation in found[:_LISTED]]
    hidden = len(found) - len(lines)
    return [*lines, f"and {hidden} more"] if hidden else lines


def _line(violation: RecordedViolation) -> str:
    path = f"{violation.path}: " if violation.path else ""
    return f"{violation.code} {path}{violation.message}"


def _kind(worker: WorkerState) -> str:
    codes = [v.code.lower() for v in worker.violations if v.severity == "error"]
    return codes[0] if codes else "verdict"


def _case(
    stage: str,
    name: str,
    took_ms: int,
    problems: list[str] | None = None,
    kind: str = "",
    *,
    skipped: str = "",
) -> TestCase:
    """A case; XML cannot hold control characters, so all foreign text is escaped."""
    case = TestCase(printable(name), f"factory.{stage}", took_ms / 1000)
    if skipped:
        case.result = [Skipped(printable(skipped))]
    elif problems:
        shown = [printable(problem, 1000) for problem in problems]
        failure = Error if kind == "verdict" else Failure
        result = failure(shown[0], printable(kind))
        result.text = "\n".join(shown)
        case.result = [result]
    return case
