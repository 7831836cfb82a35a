"""What shows that a problem is one: the diff of a path, the end of a log, the hunks of a conflict.

Owns which of these belongs to which problem. Runs in a thread; changes nothing.
"""

from __future__ import annotations

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.artifacts.names import DIFF, SCOPE_LOCK, STATUS
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.events import INTEGRATOR
from factory_engine.patch.reader import read_patch
from factory_engine.rules.scope import lock_differences
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.state import RunState
from factory_tui.console.bundle.bundle import PATCH_BYTES, TEXT_BYTES, issued_lock
from factory_tui.console.logs.log_files import current_log, log_files
from factory_tui.console.logs.log_tail import LogTail
from factory_tui.console.triage.problems import TriageProblem
from factory_tui.text.foreign import cells, one_line, text_of

MOST_LINES = 400


def evidence(folder: RunFolder, state: RunState, problem: TriageProblem) -> str:
    """The lines that belong to a problem."""
    if problem.kind == "lock":
        return _lock(folder, state, problem.worker_id)
    if problem.kind in ("worker", "stalled"):
        return _log(folder, problem.worker_id)
    if problem.kind in ("check", "baseline"):
        return _check_log(folder, problem)
    if problem.kind == "preflight":
        return "\n".join(
            f"{finding.level:<6}{finding.name}: {one_line(f'{finding.message}  {finding.advice}')}"
            for finding in state.findings
        )
    if problem.path:
        return _conflict(folder, problem.path) or _diffs(folder, problem)
    return state.reason


def _diffs(folder: RunFolder, problem: TriageProblem) -> str:
    """The path's part of the patch of everyone involved."""
    parts = [
        f"{worker}  {one_line(problem.path)}  {found}"
        for worker in problem.workers
        if (found := _diff(folder, worker, problem.path))
    ]
    return "\n\n".join(parts) or "No patch says more about it."


def _diff(folder: RunFolder, worker_id: str, path: str) -> str:
    try:
        reading = read_patch(folder.read(f"{worker_id}/{DIFF}", PATCH_BYTES))
    except Unreadable as error:
        return f"{DIFF} {error.message}"
    for file in reading.files:
        if path not in (text_of(file.path), text_of(file.old_path or b"")):
            continue
        lines = [f"{file.kind}  +{file.insertions} -{file.deletions}"]
        for hunk in file.hunks:
            start = reading.data.rfind(b"\n", 0, hunk.start - 1) + 1
            body = reading.data[start : min(hunk.end, start + 200_000)]
            lines += [cells(line) for line in body.split(b"\n")]
        return "\n".join(lines[:MOST_LINES])
    return ""


def _lock(folder: RunFolder, state: RunState, worker_id: str) -> str:
    issued = issued_lock(folder, state, worker_id)
    try:
        found = ScopeLock.from_bytes(folder.read(f"{worker_id}/{SCOPE_LOCK}", TEXT_BYTES))
    except (Unreadable, JsonProblem) as error:
        return f"{SCOPE_LOCK} {error}"
    return "\n".join(lock_differences(issued, found)) if issued else "the issued lock is unknown"


def _log(folder: RunFolder, worker_id: str) -> str:
    tail = LogTail(folder.path)
    tail.turn_to(current_log(folder, worker_id))
    tail.poll()
    return "\n".join(tail.last(80)) or "It has written nothing."


def _check_log(folder: RunFolder, problem: TriageProblem) -> str:
    """The log of the check that is named in the problem, else of the first one that there is."""
    owner = problem.worker_id or INTEGRATOR
    checks = [log for log in log_files(folder, owner) if log.stem.startswith("check-")]
    named = [log for log in checks if log.stem.removeprefix("check-") in problem.title]
    tail = LogTail(folder.path)
    found = named or checks
    tail.turn_to(found[0] if found else current_log(folder, owner))
    tail.poll()
    return "\n".join(tail.last(80)) or problem.title


def _conflict(folder: RunFolder, path: str) -> str:
    try:
        data = folder.read(f"{INTEGRATOR}/{STATUS}", TEXT_BYTES)
        conflicts = IntegratorStatus.from_bytes(data).conflicts
    except (Unreadable, JsonProblem):
        return ""
    hunks = [conflict.hunks for conflict in conflicts if conflict.path == path]
    lines = [cells(line) for hunk in hunks for line in hunk.split("\n")]
    return "\n".join(lines[:MOST_LINES])
