"""Why a run is blocked, and what the engine offers to do about it.

Owns the list of problems and of choices with their consequences. Pure: a view in, values out;
asks nobody and starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from factory_engine.events import RecordedViolation
from factory_engine.state import RunState, WorkerState
from factory_engine.status import Status
from factory_tui.console.run.view import RunView, activity_of, display_status_of
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus

_WORKER = re.compile(r"\b[A-Y]_worker\b")

Kind = Literal[
    "scope",
    "lock",
    "worker",
    "check",
    "overlap",
    "bundle",
    "preflight",
    "run",
    "stalled",
    "baseline",
]
_KINDS: dict[str, Kind] = {
    "SCOPE": "scope",
    "LOCK_MISMATCH": "lock",
    "WORKER": "worker",
    "CHECK": "check",
    "BASELINE": "baseline",
    "OVERLAP": "overlap",
    "CONFLICT": "overlap",
    "NAME_COLLISION": "overlap",
}
_ABOUT: dict[Kind, str] = {
    "scope": "changed a path outside its scope lock",
    "lock": "has a scope lock that is not the one issued at launch",
    "worker": "did not end well",
    "check": "has a required check that is red",
    "baseline": "starts from a base on which a required check is red",
    "overlap": "meets a path that several workers changed",
    "bundle": "has a bundle that does not hold",
    "preflight": "cannot begin: a precondition does not hold",
    "run": "has no verdict that stands",
    "stalled": "has been quiet for a long time",
}

ChoiceName = Literal["leave", "amend", "take_lock", "retry", "without", "integrate", "resume"]


@dataclass(frozen=True)
class TriageProblem:
    """One thing that stands in the way.

    Args:
        kind: of problem.
        worker_id: whose it is; empty where it is nobody's alone.
        path: the path that it concerns.
        title: a few words.
        why: one sentence.
        workers: everyone who has a part in it.
    """

    kind: Kind
    worker_id: str
    path: str
    title: str
    why: str
    workers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """One choice: what it is called, what it will do, and why it cannot be made, if it cannot."""

    name: ChoiceName
    label: str
    effect: str
    worker_id: str = ""
    obstacle: str = ""


def problems_of(view: RunView) -> list[TriageProblem]:
    """Everything that stands in the way, the workers' own problems first."""
    state = view.state
    problems: list[TriageProblem] = []
    for worker in state.workers.values():
        problems += _of_worker(view, worker)
    errors = (v for v in state.integrator.violations if v.severity == "error")
    problems += [_with_culprits(_of_violation(v), state) for v in errors]
    problems += [
        TriageProblem(
            "preflight", "", "", f"{f.name}: {one_line(f.message, 120)}", one_line(f.advice)
        )
        for f in state.findings
        if f.level == "block"
    ]
    if not view.live and state.run_id and (not state.status.is_verdict or state.status == "FAIL"):
        cause = state.reason or (
            f"stopped by {state.interrupted}" if state.interrupted else "nobody drives it"
        )
        problems.append(
            TriageProblem("run", "", "", one_line(cause, 120), "It can go on where it stands.")
        )
    return list(dict.fromkeys(problems))


def _of_worker(view: RunView, worker: WorkerState) -> Iterator[TriageProblem]:
    errors = [v for v in worker.violations if v.severity == "error"]
    for violation in errors:
        yield _of_violation(violation, worker.worker_id)
    display_status = display_status_of(view, worker)
    if display_status is DisplayStatus.STALLED:
        title = activity_of(view, worker)
        yield TriageProblem("stalled", worker.worker_id, "", title, "", (worker.worker_id,))
    elif worker.status in (Status.BLOCKED, Status.FAIL) and not errors:
        why = f"{worker.worker_id} {_ABOUT['worker']}"
        title = one_line(worker.reason or "blocked", 160)
        yield TriageProblem("worker", worker.worker_id, "", title, why, (worker.worker_id,))


def _of_violation(violation: RecordedViolation, owner: str = "") -> TriageProblem:
    kind = _KINDS.get(violation.code, "bundle")
    worker_id = owner or (violation.worker_id if violation.worker_id.endswith("_worker") else "")
    what = one_line(violation.path or violation.message, 100)
    involved = dict.fromkeys((*([worker_id] if worker_id else ()), *_named(violation.message)))
    return TriageProblem(
        kind,
        worker_id,
        violation.path,
        f"{violation.code} {what}",
        f"{worker_id or 'The merge'}: {one_line(violation.message, 300)}",
        tuple(involved),
    )


def _with_culprits(problem: TriageProblem, state: RunState) -> TriageProblem:
    """A red check of the merged tree says whose changes it takes."""
    found = [worker for found in state.culprits.values() for worker in found]
    if problem.kind != "check" or not found:
        return problem
    names = " and ".join(dict.fromkeys(found))
    return replace(problem, why=f"{problem.why}; it takes the changes of {names}, no fewer")


def about(problem: TriageProblem) -> str:
    """What kind of problem it is, in words."""
    nobody = "The run" if problem.kind in ("preflight", "run", "baseline") else "The merge"
    return f"{problem.worker_id or nobody} {_ABOUT[problem.kind]}"


def options(view: RunView, problem: TriageProblem) -> list[Option]:
    """What can be done about a problem; the one that changes nothing stands first."""
    obstacle = _obstacle(view)
    code = 2 if view.state.status is Status.BLOCKED else 3
    choices = [Option("leave", "Leave it", f"nothing changes; the run's exit code stays {code}")]
    if problem.kind == "scope":
        effect = (
            "asks for a reason; its paths join the lock, the ledger keeps who, why, old and new"
        )
        label = f"Widen the lock of {problem.worker_id[:1]}"
        choices.append(Option("amend", label, effect, problem.worker_id, obstacle))
    if problem.kind == "lock":
        effect = "asks for a reason; the edited lock counts from now on, the ledger keeps both"
        choices.append(Option("take_lock", "Take the edited lock", effect, "", obstacle))
    if problem.kind == "baseline":
        return choices  # of this run nothing comes: base, or the check, has to be mended first
    if problem.kind in ("run", "preflight"):
        effect = "what has finished is not done again"
        choices.append(Option("resume", "Go on with the run", effect, "", obstacle))
        return choices
    for worker_id in _involved(view, problem):
        letter = worker_id[:1]
        effect = f"{letter}'s bundle is made anew in a fresh workspace, then all are judged again"
        choices.append(Option("retry", f"Start {letter} again", effect, worker_id, obstacle))
    for worker_id in _involved(view, problem):
        letter = worker_id[:1]
        effect = f"a new run of {_others(view, worker_id)} from the same base; this one stays"
        alone = "" if _others(view, worker_id) else "nobody would be left"
        label = f"Run again without {letter}"
        choices.append(Option("without", label, effect, worker_id, obstacle or alone))
    effect = "no worker runs; bundles as they lie there now are judged and merged again"
    choices.append(Option("integrate", "Integrate again", effect, "", obstacle))
    return choices


def _obstacle(view: RunView) -> str:
    if view.live:
        return "the run is being driven"
    return "" if view.local else "this run is a copy, read only"


def _involved(view: RunView, problem: TriageProblem) -> list[str]:
    """At most three workers: those named, else for a red check those that make it fail."""
    workers = [worker for worker in problem.workers if worker in view.state.workers]
    if not workers and problem.kind == "check":
        culprits = (worker for found in view.state.culprits.values() for worker in found)
        workers = [worker for worker in dict.fromkeys(culprits) if worker in view.state.workers]
    return workers[:3]


def _others(view: RunView, worker_id: str) -> str:
    found = (
        w.letter for w in view.state.workers.values() if w.has_task and w.worker_id != worker_id
    )
    return ",".join(found)


def others(view: RunView, worker_id: str) -> list[str]:
    """Everyone with a task but one."""
    return [
        w.worker_id for w in view.state.workers.values() if w.has_task and w.worker_id != worker_id
    ]


def _named(message: str) -> list[str]:
    return _WORKER.findall(message)
