"""Builders of runs for the console's tests: ledgers and whole run folders, without an engine.

Owns the story of one run that most tests look at: A passed, B runs, C is blocked, D is quiet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from factory_engine.artifacts.manifest import RunManifest, WorkerPlan
from factory_engine.clock import Clock
from factory_engine.events import (
    INTEGRATOR,
    BundleJudged,
    Draft,
    Finding,
    PlannedWorker,
    RecordedViolation,
    RunCreated,
    RunFinished,
    StageFinished,
    StageStarted,
    WorkerActivity,
    WorkerFinished,
    WorkerStalled,
    WorkerStarted,
)
from factory_engine.ledger import LedgerWriter
from factory_engine.run_folder import RunFolder
from factory_engine.status import Status

START_US = 1_790_000_000_000_000
RUN_ID = "oneshot_20260921T140000Z_ab12cd34_001"
BASE = "ab12cd34" * 5
SECOND = 1_000_000


class SteppingClock(Clock):
    """A clock that stands still until it is set."""

    def __init__(self, now_us: int = START_US) -> None:
        super().__init__(frozen_us=now_us)

    def set(self, seconds: float) -> None:
        """So many seconds after the start."""
        object.__setattr__(self, "frozen_us", START_US + int(seconds * SECOND))


Step = tuple[float, Draft]


def created(workers: str = "ABCD", *, dry_run: bool = False) -> Draft:
    """The first event of a run with those workers."""
    titles = {"A": "HTTP layer", "B": "Guide", "C": "Command line", "D": "Tests"}
    planned = tuple(
        PlannedWorker(
            worker_id=f"{letter}_worker",
            title=titles.get(letter, f"Task {letter}"),
            agent="command",
            has_task=True,
            attempts=1,
        )
        for letter in workers
    )
    return Draft(RunCreated("oneshot", "main", BASE, dry_run=dry_run, workers=planned))


def stage(name: str, status: str = "", reason: str = "") -> Draft:
    """A stage starts, or ends with `status`."""
    if not status:
        return Draft(StageStarted(name))
    return Draft(StageFinished(name, Status(status), reason))


def started(letter: str, attempt: int = 1, attempts: int = 1) -> Draft:
    """A worker's program starts."""
    return Draft(WorkerStarted(attempt, attempts, "command"), f"{letter}_worker")


def activity(letter: str, text: str) -> Draft:
    """A worker does something."""
    return Draft(WorkerActivity("running", text), f"{letter}_worker")


def stalled(letter: str, doing: str = "", silent_s: int = 120) -> Draft:
    """A worker has been silent for too long."""
    return Draft(WorkerStalled(silent_s, doing), f"{letter}_worker")


def finished(
    letter: str, status: str = "PASS", reason: str = "", counts: Sequence[int] = (1, 3, 1)
) -> Draft:
    """A worker's bundle is there."""
    return Draft(
        WorkerFinished(Status(status), reason),
        f"{letter}_worker",
        file_counts=dict(zip(("files", "insertions", "deletions"), counts, strict=True)),
        rc=0,
    )


def judged(letter: str, violations: Sequence[RecordedViolation] = ()) -> Draft:
    """A bundle's verdict."""
    status = Status.BLOCKED if violations else Status.PASS
    reason = ", ".join(f"{v.code} {letter}_worker {v.path}" for v in violations)
    details = BundleJudged(status, reason, "", tuple(violations), len(violations))
    return Draft(details, f"{letter}_worker")


def violation(letter: str, code: str, path: str, message: str) -> RecordedViolation:
    """A violation as an event carries it."""
    worker = f"{letter}_worker" if letter else ""
    return RecordedViolation(code, "error", worker, path, message)


def finding(name: str, level: str = "ok", message: str = "fine") -> Draft:
    """One thing that preflight looked at."""
    return Draft(Finding(name, level, message))


def run_finished(status: str, reason: str = "", workers: str = "ABCD") -> Draft:
    """The last event."""
    verdict = Status(status)
    return Draft(
        RunFinished(verdict, reason, {f"{letter}_worker": verdict for letter in workers}),
        INTEGRATOR,
        file_counts={"files": 2, "insertions": 4, "deletions": 1},
    )


def underway() -> list[Step]:
    """Twelve minutes into a run: A passed, B works, C was blocked by its program, D is quiet."""
    return [
        (0, created()),
        (0, stage("preflight")),
        (1, finding("git", "ok", "git 2.39.5")),
        (1, finding("work tree", "warn", "notes.txt: not in base, no worker sees it")),
        (4, stage("preflight", "PASS")),
        (4, stage("launch")),
        *((5, started(letter)) for letter in "ABCD"),
        (30, activity("A", "editing src/http/server.py")),
        (31, activity("B", "reading docs/guide.md")),
        (40, activity("D", "git fetch origin")),
        (160, stalled("D", "git fetch origin")),
        (280, finished("C", "BLOCKED", "exited with 1: out of tokens", (1, 3, 1))),
        (557, finished("A", counts=(7, 212, 30))),
        (740, activity("B", "pytest -q tests/api")),
    ]


def blocked() -> list[Step]:
    """A finished run that C's scope violation blocked."""
    wrong = violation("C", "SCOPE", "pyproject.toml", "is not in the scope of C_worker")
    return [
        (0, created()),
        (0, stage("preflight")),
        (4, stage("preflight", "PASS")),
        (4, stage("launch")),
        *((5, started(letter)) for letter in "ABCD"),
        *((60 + n, finished(letter)) for n, letter in enumerate("ABCD")),
        (70, stage("launch", "PASS")),
        (70, stage("bundle-validate")),
        (71, judged("A")),
        (71, judged("B")),
        (72, judged("C", [wrong])),
        (72, judged("D")),
        (73, stage("bundle-validate", "BLOCKED", "SCOPE C_worker pyproject.toml")),
        (73, stage("integrate")),
        (75, stage("integrate", "BLOCKED", "SCOPE C_worker pyproject.toml")),
        (75, stage("summary")),
        (76, stage("summary", "PASS")),
        (76, run_finished("BLOCKED", "SCOPE C_worker pyproject.toml")),
    ]


def write_manifest(folder: RunFolder, allow: Mapping[str, Sequence[str]]) -> None:
    """The sealed plan of a run, with the patterns that each worker was allowed."""
    manifest = RunManifest(
        run_id=RUN_ID,
        kind="oneshot",
        base_ref="main",
        base_commit=BASE,
        created_at="2026-09-21T14:13:20.000000Z",
        dry_run=False,
        workers=[
            WorkerPlan(
                worker_id=worker_id,
                title="",
                agent="command",
                has_task=True,
                allowed_globs=list(globs),
                blocked_globs=[],
                allow_shared_paths=[],
            )
            for worker_id, globs in allow.items()
        ],
        config={},
        config_sha256="0" * 64,
        versions={},
    )
    artifact(folder, "RUN_MANIFEST.json", manifest.to_bytes())


def write_run(runs_dir: Path, steps: Sequence[Step], run_id: str = RUN_ID) -> RunFolder:
    """A run folder with a ledger of those events and nothing else."""
    folder = RunFolder(runs_dir / run_id)
    folder.path.mkdir(parents=True)
    append(folder, steps)
    return folder


def append(folder: RunFolder, steps: Sequence[Step]) -> None:
    """Further events of a run."""
    clock = SteppingClock()
    writer = LedgerWriter(folder.ledger, folder.run_id, clock)
    for seconds, draft in steps:
        clock.set(seconds)
        writer.append([draft])
    writer.close()


def artifact(folder: RunFolder, relative: str, content: str | bytes) -> Path:
    """A file of a run folder."""
    path = folder.path / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
