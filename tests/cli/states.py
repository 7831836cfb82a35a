"""Run states as commands meet them, folded from events. Owns the story that they tell."""

from __future__ import annotations

from collections.abc import Sequence

from factory_engine.events import (
    BaselineFinished,
    BaselineStarted,
    BundleJudged,
    CheckFinished,
    CulpritSearched,
    Draft,
    Event,
    IntegrationJudged,
    RecordedViolation,
    RunFinished,
    StageFinished,
    StageStarted,
    WorkerExited,
    WorkerFinished,
    WorkerStarted,
    seal,
)
from factory_engine.fold import fold_all
from factory_engine.state import RunState
from factory_engine.status import Status
from tests.cli.ledgers import activity, created

NASTY = "a|b\n::error::x ##[add-path]/tmp %0A <b>*_`[l](u)` \x1b[31m\u202e"
NASTY_PATH = "dir,x:y/%0A\n::set-env name=a::b"


def events(drafts: Sequence[Draft]) -> list[Event]:
    """Drafts as recorded events, a second apart."""
    found: list[Event] = []
    for number, draft in enumerate(drafts, start=1):
        parent = found[-1].event_id if found else "0" * 64
        moment = f"2026-01-31T12:00:{number:02}.000000Z"
        found.append(seal(draft, run_id="run", seq=number, ts_utc=moment, parent=parent)[0])
    return found


def stage(name: str, status: str = "PASS", reason: str = "") -> list[Draft]:
    """A stage that begins and ends."""
    return [Draft(StageStarted(name)), Draft(StageFinished(name, Status(status), reason))]


def worker(letter: str, status: str = "PASS", reason: str = "") -> list[Draft]:
    """A worker that runs to its end."""
    name = f"{letter}_worker"
    counts = {"files": 2, "insertions": 3, "deletions": 1}
    return [
        Draft(WorkerStarted(1, 1, "command"), name),
        activity(letter, "working"),
        Draft(WorkerExited(1, reason, 0), name, 2500, rc=0),
        Draft(WorkerFinished(Status(status), reason), name, 0, counts),
    ]


def violation(
    number: int = 0, *, nasty: bool = False, severity: str = "error"
) -> RecordedViolation:
    """A violation of worker A."""
    return RecordedViolation(
        code="SCOPE",
        severity=severity,
        worker_id="A_worker",
        path=NASTY_PATH if nasty else f"file-{number}.txt",
        message=NASTY if nasty else "matches no allowed pattern",
    )


def judged(
    letter: str, violations: Sequence[RecordedViolation] = (), total: int | None = None
) -> Draft:
    """The verdict on a bundle."""
    errors = [v for v in violations if v.severity == "error"]
    details = BundleJudged(
        status=Status.BLOCKED if errors else Status.PASS,
        reason="SCOPE" if errors else "",
        tree="",
        violations=tuple(violations),
        total=len(violations) if total is None else total,
    )
    return Draft(details, f"{letter}_worker")


def ended(status: str, reason: str = "") -> list[Draft]:
    """Integration and the last event."""
    verdict = Status(status)
    return [
        Draft(StageStarted("integrate")),
        Draft(IntegrationJudged(verdict, reason, (), 0), "Z_integrator"),
        stage("integrate", status, reason)[1],
        *stage("summary"),
        Draft(RunFinished(verdict, reason), "Z_integrator"),
    ]


def passed() -> list[Draft]:
    """A whole run that passed."""
    four = [draft for letter in "ABCD" for draft in worker(letter)]
    bundles = [judged(letter) for letter in "ABCD"]
    launch = stage("launch")
    return [
        created(),
        *stage("preflight"),
        launch[0],
        *four,
        launch[1],
        *stage("bundle-validate"),
        *bundles,
        *ended("PASS"),
    ]


def blocked(violations: Sequence[RecordedViolation], total: int | None = None) -> list[Draft]:
    """A whole run that worker A's bundle blocked."""
    return [
        created(),
        *stage("preflight"),
        *worker("A"),
        *stage("launch"),
        judged("A", violations, total),
        *stage("bundle-validate", "BLOCKED", "SCOPE"),
        *ended("BLOCKED", "SCOPE"),
    ]


def red_on_base(said: str = "1 failed", *, stops: bool = True) -> list[Draft]:
    """A run that a required check ends, which is red without any worker's change."""
    details = BaselineFinished(
        name="unit",
        status="BLOCKED",
        detail="exit 1",
        kept=False,
        stops=stops,
        last_words=said,
        last_lines=("collected 1 item", said),
        lacked=("the network was off", "variables withheld: DATABASE_URL"),
    )
    begins, ends = stage("launch", "BLOCKED", "BASELINE: unit exit 1")
    return [
        created(),
        *stage("preflight"),
        begins,
        Draft(BaselineStarted("unit"), "Z_integrator"),
        Draft(details, "Z_integrator", 900, rc=1),
        ends,
        *stage("summary"),
        Draft(RunFinished(Status.BLOCKED, "BASELINE: unit exit 1"), "Z_integrator"),
    ]


def red_merge(culprits: Sequence[str], said: str = "1 failed") -> list[Draft]:
    """A run with a check that is red on the merged tree, through the changes of `culprits`."""
    lines = ("collected 1 item", said)
    finished = CheckFinished(
        "unit", True, "BLOCKED", "exit 1", said, lines, ("the network was off",)
    )
    wrong = RecordedViolation("CHECK", "error", "Z_integrator", "", "unit exit 1")
    judged = IntegrationJudged(Status.BLOCKED, "CHECK", (wrong,), 1)
    return [
        created(),
        *stage("preflight"),
        *stage("launch"),
        *stage("bundle-validate"),
        Draft(StageStarted("integrate")),
        Draft(finished, "Z_integrator", 900, rc=1),
        Draft(CulpritSearched("unit", tuple(culprits)), "Z_integrator"),
        Draft(judged, "Z_integrator"),
        stage("integrate", "BLOCKED", "CHECK")[1],
        Draft(RunFinished(Status.BLOCKED, "CHECK"), "Z_integrator"),
    ]


def state_of(drafts: Sequence[Draft]) -> RunState:
    """The state after those events."""
    return fold_all(events(drafts))
