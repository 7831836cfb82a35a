"""FINAL_REPORT.txt and MERGE_PLAN.md: pure text from what was judged.

Owns the wording. Reads no file, no clock, no configuration: the same judgement gives the same
bytes. Foreign text is escaped before it stands in a line, so that nothing can forge a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from factory_engine.artifacts.bundle import Change, CheckResult
from factory_engine.artifacts.integrator import ConflictRecord, StageResult, Violation
from factory_engine.artifacts.names import FILES_CHANGED, STATUS
from factory_engine.escape import printable, quoted_block
from factory_engine.stages.isolation import WORDS, IsolationKind
from factory_engine.state import CheckState
from factory_engine.status import Status

LISTED = 500


@dataclass(frozen=True)
class WorkerLine:
    """One worker in the report."""

    worker_id: str
    title: str
    status: str
    reason: str
    files: int
    insertions: int
    deletions: int


@dataclass(frozen=True)
class ReportFacts:
    """Everything that the report says.

    `said` are the same checks as the ledger has them, with the last of what each said; `baseline`
    is what required ones say of base.
    """

    run_id: str
    status: Status
    reason: str
    base_ref: str
    base_commit: str
    dry_run: bool
    merged_tree: str
    stages: Sequence[StageResult]
    workers: Sequence[WorkerLine]
    amendments: Sequence[str]
    violations: Sequence[Violation]
    conflicts: Sequence[ConflictRecord]
    checks: Sequence[CheckResult]
    said: Mapping[str, CheckState]
    baseline: Sequence[CheckState]
    culprits: dict[str, tuple[str, ...]]
    flaky: Sequence[str]
    isolation: IsolationKind | Literal[""]
    carried: Sequence[str]
    prepared: Sequence[str]
    changes: Sequence[Change]
    preflight: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True)
class PlanFacts:
    """Everything that the merge plan says."""

    base_commit: str
    order: Sequence[str]
    changes: dict[str, Sequence[str]]
    shared: dict[str, Sequence[str]]
    tree: str
    obstacle: str


def final_report(facts: ReportFacts) -> str:
    """The report, as it lies in the run folder. Its first line holds the verdict."""
    sections = [
        _head(facts),
        _section("Stages", [f"{stage.status:<8} {stage.name}" for stage in facts.stages]),
        _section("Preflight", facts.preflight),
        _section("Workers", [_worker(worker) for worker in facts.workers]),
        _section("Amended scopes", facts.amendments),
        _section("What blocks", [_violation(v) for v in facts.violations if v.severity == "error"]),
        _section("Conflicts", _conflicts(facts.conflicts)),
        _section("Required checks on base", _on_base(facts)),
        _section("Checks on the merged tree", _checks(facts)),
        _section(
            "Warnings",
            [_violation(v) for v in facts.violations if v.severity == "warning"]
            + [printable(warning, 400) for warning in facts.warnings],
        ),
        _section("Merged changes", [_change(change) for change in facts.changes]),
        _section("Next", _next_steps(facts)),
    ]
    return "\n".join(section for section in sections if section)


def merge_plan(facts: PlanFacts) -> str:
    """MERGE_PLAN.md: the order, what came from whom, what was shared."""
    lines = ["# Merge plan", "", f"Base: `{facts.base_commit}`", ""]
    if facts.obstacle:
        lines += [f"Nothing was merged: {facts.obstacle}.", ""]
    lines += ["## Order", ""]
    lines += [f"{number}. {worker}" for number, worker in enumerate(facts.order, 1)] or ["None."]
    for worker in facts.order:
        lines += ["", f"## From {worker}", ""]
        lines += _items(facts.changes.get(worker, ()))
    lines += ["", "## Shared paths, merged three-way", ""]
    lines += [
        f"- `{printable(path)}`: {', '.join(workers)}"
        for path, workers in sorted(facts.shared.items())
    ] or ["None."]
    nothing = "No merged tree." if facts.obstacle or facts.order else "The result is base."
    lines += ["", "## Result", "", f"Tree: `{facts.tree}`" if facts.tree else nothing]
    return "\n".join(lines) + "\n"


def _items(paths: Sequence[str]) -> list[str]:
    shown = [f"- `{printable(path)}`" for path in paths[:LISTED]] or ["No change."]
    more = [f"- and {len(paths) - LISTED} more"] if len(paths) > LISTED else []
    return shown + more


def _head(facts: ReportFacts) -> str:
    lines = [
        f"STATUS: {facts.status}",
        f"Run:    {facts.run_id}",
        f"Base:   {facts.base_commit} ({printable(facts.base_ref)})",
    ]
    if facts.merged_tree:
        lines.append(f"Tree:   {facts.merged_tree}")
    if facts.carried:
        lines.append(f"Carried: {carried_words(facts.carried)}")
    if facts.prepared:
        lines.append(f"Prepared: {', '.join(map(printable, facts.prepared))}")
    if facts.reason:
        lines.append(f"Reason: {printable(facts.reason, 600)}")
    if facts.dry_run:
        lines.append("Dry run: no worker was started" + _unchecked(facts))
    return "\n".join(lines) + "\n"


def carried_words(paths: Sequence[str]) -> str:
    """What it means that a verdict stood on these."""
    return f"{', '.join(map(printable, paths))}: the operator's, not made from the lock file"


def _unchecked(facts: ReportFacts) -> str:
    return " and no check was run." if not facts.checks else "; its bundles were put in by hand."


def _section(title: str, lines: Iterable[str]) -> str:
    shown = list(lines)
    if not shown:
        return ""
    body = shown[:LISTED]
    if len(shown) > LISTED:
        body.append(f"and {len(shown) - LISTED} more, all in {STATUS} and {FILES_CHANGED}")
    return "\n".join([title, "-" * len(title), *body]) + "\n"


def _worker(worker: WorkerLine) -> str:
    title = f"  {printable(worker.title, 60)}" if worker.title else ""
    counts = f"{worker.files} files +{worker.insertions} -{worker.deletions}"
    reason = f"  ({printable(worker.reason, 300)})" if worker.reason else ""
    return f"{worker.status:<8} {worker.worker_id}{title}  {counts}{reason}"


def _violation(violation: Violation) -> str:
    who = f"{violation.worker_id}: " if violation.worker_id else ""
    path = f"{printable(violation.path)}: " if violation.path else ""
    return f"{violation.code}  {who}{path}{printable(violation.message, 600)}"


def _conflicts(conflicts: Sequence[ConflictRecord]) -> list[str]:
    lines = []
    for conflict in conflicts:
        lines.append(
            f"{printable(conflict.path)}  ({conflict.kind}) between {', '.join(conflict.workers)}"
        )
        lines += quoted_block(conflict.hunks).splitlines()
    return lines


def _checks(facts: ReportFacts) -> list[str]:
    lines = []
    for check in facts.checks:
        kind = "required" if check.required else "optional"
        detail = f"  {printable(check.detail)}" if check.detail else ""
        log = f"  see Z_integrator/{check.log}" if check.log else ""
        lines.append(
            f"{check.status:<8} {printable(check.name)}  rc {check.rc}  {kind}{detail}{log}"
        )
        if check.rc != 0:
            lines += _why_red(facts.said.get(check.name))
        if check.name in facts.flaky:
            lines.append("         on the same tree it was green when tried again: it is flaky")
        if check.name in facts.culprits:
            lines.append(f"         {_culprit(facts.culprits[check.name])}")
    if facts.isolation:
        lines.append(f"Isolation: {facts.isolation}, {WORDS[facts.isolation]}")
    return lines


def _on_base(facts: ReportFacts) -> list[str]:
    """Those that are red without any worker's change, and that the merged tree says no more of."""
    lines = []
    merged = {check.name for check in facts.checks if check.rc != 0}
    for check in facts.baseline:
        if check.rc != 0 and check.name not in merged:
            name, detail = printable(check.name), printable(check.detail)
            lines += [f"{check.status:<8} {name}  rc {check.rc}  {detail}", *_why_red(check)]
    return lines


def _why_red(check: CheckState | None) -> list[str]:
    """What explains it, each line marked as a quotation or indented, so that none is forged."""
    if check is None:
        return []
    lines = [f"         | {printable(line)}".rstrip() for line in check.last_lines]
    if check.lacked:
        lines.append(f"         what it did not have: {printable('; '.join(check.lacked), 1000)}")
    return lines


def _culprit(workers: tuple[str, ...]) -> str:
    if not workers:
        return "it fails on base already, without any worker's change"
    if len(workers) == 1:
        return f"the change of {workers[0]} alone makes it fail"
    return f"the changes of {' and '.join(workers)} together make it fail, no fewer do"


def _change(change: Change) -> str:
    path = printable(change.path)
    if change.previous_path is not None:
        path = f"{printable(change.previous_path)} -> {path}"
    counts = "binary" if change.binary else f"+{change.insertions or 0} -{change.deletions or 0}"
    return f"{change.change_type:<8} {path}  {counts}  ({printable(change.reason, 80)})"


def _next_steps(facts: ReportFacts) -> list[str]:
    run = f"--run-id {facts.run_id}"
    if facts.status is Status.PASS:
        if not facts.changes:
            return ["Nothing to apply: the merged tree is base."]
        return [f"factory apply {run}    puts DIFF.patch on a new branch"]
    if facts.status is Status.FAIL:
        return [f"factory oneshot {run}    goes on from the last finished step"]
    steps = {
        "SCOPE": "correct the files, or the lock with --amend-scope and --workers, then integrate",
        "LOCK_MISMATCH": 'if it was meant, factory integrate --amend-scope "REASON" --workers X',
        "OVERLAP": "let one worker own the path, or list it under scope.shared of each",
        "CONFLICT": "resolve it in one of the bundles, or run one of the workers after the other",
        "WORKER": "read its LOGS, then factory launch --workers to start it again",
        "CHECK": _check_step(facts, run),
        "BASELINE": "no worker's change makes it red: mend base or the check, then start a new run;"
        ' or set integrator.baseline to "known-red" to judge by what changes',
        "ENVIRONMENT": "run where `factory doctor` says isolation: mount, or set"
        ' integrator.isolation to "warn" to take the check as it is',
    }
    codes = {violation.code for violation in facts.violations if violation.severity == "error"}
    lines = [f"{code}: {step}" for code, step in steps.items() if code in codes]
    if "BASELINE" in codes:
        return lines
    return [*lines, f"factory integrate {run}    judges again"]


def _check_step(facts: ReportFacts, run: str) -> str:
    """What to do about red checks: a worker is named only where its change turns one red."""
    red = [check.name for check in facts.checks if check.required and check.rc != 0]
    blamed = sorted({worker for name in red for worker in facts.culprits.get(name, ())})
    if blamed:
        letters = ",".join(worker[:1] for worker in blamed)
        return f"read the check's log, then factory launch {run} --workers {letters}"
    if any(name in facts.flaky for name in red):
        return "a flaky check says nothing of the work: mend it, or try again as below"
    return (
        "no worker's change makes it red: read the check's log, then mend base, the check or what"
        " it needs (env, pass_env, network of the check) and start a new run"
    )
