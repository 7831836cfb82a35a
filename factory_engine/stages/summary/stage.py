"""The last stage: the verdict in every place where somebody looks for it.

Owns Z's STATUS.json and FINAL_REPORT.txt, the digests under `attestations/`, and the run's last
event. They always say the same.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Literal

from factory_engine import storage
from factory_engine.amendment import all_words, amendment_words
from factory_engine.artifacts.bundle import Change, CheckResult, FilesChanged, LogIndex
from factory_engine.artifacts.integrator import (
    AmendmentRecord,
    CarriedRecord,
    ConflictRecord,
    IntegratorStatus,
    PreparedRecord,
    StageResult,
    Violation,
)
from factory_engine.artifacts.names import (
    ATTESTATION,
    BUNDLES_DIGEST,
    DIFF,
    FILES_CHANGED,
    FINAL_REPORT,
    INTEGRATOR_ARTIFACTS,
    LEDGER,
    LEDGER_DIGEST,
    LOG_INDEX,
    MERGE_PLAN,
    REPORT_DIGEST,
    STATUS,
)
from factory_engine.checkouts.carried import Carried
from factory_engine.checkouts.layer_record import Layer
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.errors import StorageError
from factory_engine.escape import printable
from factory_engine.events import (
    INTEGRATOR,
    Draft,
    ReportWritten,
    RunFinished,
)
from factory_engine.provenance.attestation import attest
from factory_engine.provenance.statement import Result, patterns
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.stages.context import RunContext, StageOutcome
from factory_engine.stages.isolation import IsolationKind
from factory_engine.stages.summary.report import (
    PlanFacts,
    ReportFacts,
    WorkerLine,
    final_report,
    merge_plan,
)
from factory_engine.state import RunState
from factory_engine.status import Status


@dataclass(frozen=True)
class Judgement:
    """What integration found; empty where the run did not come to it."""

    violations: tuple[Violation, ...] = ()
    conflicts: tuple[ConflictRecord, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    culprits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    tree: str = ""
    started_at: str = ""
    isolation: IsolationKind | Literal[""] = ""
    carried: tuple[Carried, ...] = ()
    prepared: tuple[Layer, ...] = ()


def write_summary(
    context: RunContext, status: Status, reason: str, judgement: Judgement
) -> StageOutcome:
    """Write report and status, and record them.

    Args:
        context: the run.
        status: the verdict: PASS, BLOCKED or FAIL.
        reason: the verdict's reason in one line; empty for PASS.
        judgement: what integration found.

    Returns:
        PASS: telling a verdict goes well whatever the verdict is.

    Raises:
        StorageError: the disk refused.
    """
    hashes = _missing_artifacts(context)
    hashes |= _status_and_report(context, status, reason, judgement)
    for relative, prefix in ((BUNDLES_DIGEST, "_worker/"), (REPORT_DIGEST, f"{INTEGRATOR}/")):
        hashes[relative] = context.writer.write(relative, _digests(context, prefix))
    hashes[ATTESTATION] = context.writer.write(ATTESTATION, _attestation(context, status))
    context.record(Draft(ReportWritten(status), INTEGRATOR, hashes=hashes))
    return StageOutcome(Status.PASS, reason=None)


def finish_run(context: RunContext, status: Status, reason: str) -> None:
    """Record the run's last event, write the ledger's digest, and tidy up.

    Raises:
        StorageError: the disk refused.
    """
    context.record(_finished(context.state(), status, reason))
    seal_ledger(context)
    clear_work(context.folder)


def clear_work(folder: RunFolder) -> None:
    """Remove what only an unfinished run needs, as far as the disk allows; its lock is held.

    From here on the ledger's digest vouches for its end, and no receipt is needed.
    """
    with contextlib.suppress(OSError, StorageError):
        for leftover in folder.work.iterdir():
            if leftover.is_dir() or leftover == folder.receipt:
                remove_workspace(leftover)


def _attestation(context: RunContext, status: Status) -> bytes:
    """Made of what the ledger says, so that whoever has the folder can make it again."""
    state = context.state()
    result = Result(str(status), state.merged_tree, state.integrator.checks, state.amendments)
    # A run that preflight stopped is not signed: the key may be what stood in the way.
    sound = state.stage("preflight").status is Status.PASS
    key = context.signing_key() if sound else None
    return attest(context.folder, context.manifest, result, key)


def _finished(state: RunState, status: Status, reason: str) -> Draft:
    """The last event says enough for a list of runs."""
    integrator = state.integrator
    return Draft(
        RunFinished(status, reason, {key: worker.status for key, worker in state.workers.items()}),
        INTEGRATOR,
        file_counts={
            "files": integrator.files,
            "insertions": integrator.insertions,
            "deletions": integrator.deletions,
        },
    )


def seal_ledger(context: RunContext) -> None:
    """Write the digest of the finished ledger: a ledger that is cut back later shows."""
    digest = context.folder.sha256(LEDGER)
    context.writer.write(LEDGER_DIGEST, f"{digest}  {LEDGER}\n".encode())


def unseal(folder: RunFolder) -> None:
    """Take the ledger's digest away before it goes on: one that is there must always hold."""
    storage.remove_file(folder.path / LEDGER_DIGEST)


def take_back_verdict(folder: RunFolder) -> None:
    """Take the last verdict away when the run has gone on: what is there must always hold."""
    for relative in (ATTESTATION, f"{INTEGRATOR}/{STATUS}", f"{INTEGRATOR}/{FINAL_REPORT}"):
        storage.remove_file(folder.path / relative)


def _status_and_report(
    context: RunContext, status: Status, reason: str, judgement: Judgement
) -> dict[str, str]:
    state = context.state()
    stages = [
        StageResult(
            name=stage.name,
            status="PASS" if stage.name == "summary" else _ended(stage.status),
        )
        for stage in state.stages
    ]
    errors = [v for v in judgement.violations if v.severity == "error"]
    warnings = [v for v in judgement.violations if v.severity == "warning"]
    document = IntegratorStatus(
        run_id=context.manifest.run_id,
        status=status.value,  # type: ignore[arg-type]
        started_at=judgement.started_at or context.clock.timestamp(),
        ended_at=context.clock.timestamp(),
        reason=reason,
        isolation=judgement.isolation,
        carried=[
            CarriedRecord(path=one.path, entries=one.entries, digest=one.digest)
            for one in judgement.carried
        ],
        prepared=[
            PreparedRecord(name=one.step, key=one.key) for one in reversed(judgement.prepared)
        ],
        amendments=[
            AmendmentRecord(
                worker_id=one.worker_id,
                who=one.who,
                reason=one.reason,
                old=patterns(one.old),
                new=patterns(one.new),
                words=amendment_words(one),
            )
            for one in state.amendments
        ],
        required_checks=[check for check in judgement.checks if check.required],
        optional_checks=[check for check in judgement.checks if not check.required],
        errors=[f"{v.code}: {v.message}" for v in errors],
        warnings=[f"{v.code}: {v.message}" for v in warnings] + list(judgement.warnings),
        artifacts=sorted(INTEGRATOR_ARTIFACTS),
        stages=stages,
        conflicts=list(judgement.conflicts),
        violations=list(judgement.violations),
    )
    report = final_report(_facts(context, state, status, reason, judgement, stages))
    return {
        f"{INTEGRATOR}/{name}": context.writer.write(f"{INTEGRATOR}/{name}", data)
        for name, data in ((STATUS, document.to_bytes()), (FINAL_REPORT, report.encode()))
    }


def _ended(status: Status) -> Literal["PENDING", "PASS", "BLOCKED", "FAIL"]:
    if status is Status.PASS:
        return "PASS"
    if status is Status.BLOCKED:
        return "BLOCKED"
    return "FAIL" if status is Status.FAIL else "PENDING"


def _facts(
    context: RunContext,
    state: RunState,
    status: Status,
    reason: str,
    judgement: Judgement,
    stages: list[StageResult],
) -> ReportFacts:
    manifest = context.manifest
    return ReportFacts(
        run_id=manifest.run_id,
        status=status,
        reason=reason,
        base_ref=manifest.base_ref,
        base_commit=manifest.base_commit,
        dry_run=manifest.dry_run,
        merged_tree=judgement.tree,
        stages=stages,
        workers=[
            WorkerLine(
                worker.worker_id,
                worker.title,
                _ended(worker.status),
                worker.reason,
                worker.files,
                worker.insertions,
                worker.deletions,
            )
            for worker in state.workers.values()
        ],
        amendments=all_words(state.amendments),
        violations=judgement.violations,
        conflicts=judgement.conflicts,
        checks=judgement.checks,
        said={check.name: check for check in state.integrator.checks},
        baseline=list(state.baseline.values()),
        culprits=judgement.culprits,
        flaky=state.flaky,
        isolation=judgement.isolation,
        carried=[one.path for one in judgement.carried],
        prepared=[f"{one.step} {one.key[:12]}" for one in reversed(judgement.prepared)],
        changes=judgement.changes,
        preflight=[
            f"{finding.level.upper():<8} {finding.name}: {finding.message}"
            for finding in state.findings
            if finding.level != "ok"
        ],
        # not the ledger's own, such as a torn end set aside: a run that a crash met has the same
        # report as one that nothing disturbed
        warnings=judgement.warnings,
    )


def _missing_artifacts(context: RunContext) -> dict[str, str]:
    """Empty artifacts of Z where integration did not come to write them."""
    manifest = context.manifest
    empty = {
        DIFF: b"",
        FILES_CHANGED: FilesChanged(
            run_id=manifest.run_id, owner=INTEGRATOR, changes=[]
        ).to_bytes(),
        LOG_INDEX: LogIndex(run_id=manifest.run_id, owner=INTEGRATOR, logs=[]).to_bytes(),
        MERGE_PLAN: merge_plan(
            PlanFacts(
                manifest.base_commit,
                order=(),
                changes={},
                shared={},
                tree="",
                obstacle="the run did not come to it",
            )
        ).encode(),
    }
    hashes = {}
    for name, data in empty.items():
        relative = f"{INTEGRATOR}/{name}"
        if not (context.folder.path / relative).is_file():
            hashes[relative] = context.writer.write(relative, data)
    return hashes


def _digests(context: RunContext, part: str) -> bytes:
    """In the format of sha256sum, to be checked with `sha256sum -c` from the run folder."""
    lines = []
    for relative in context.folder.artifacts():
        if part in relative:
            try:
                lines.append(f"{context.folder.checksum(relative)}\n")
            except Unreadable as error:
                lines.append(f"# {printable(relative, 1000)} {printable(error.message)}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")
