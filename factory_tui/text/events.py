"""An event in words: who, what it is now, and what there is to say about it.

Owns the one wording that progress lines, `watch` and the live display share. Foreign text is
escaped here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from factory_engine.events import INTEGRATOR, Event, EventType
from factory_engine.rules.escape import printable
from factory_engine.state import RunState, WorkerState

WIDTH = 300


class Line(NamedTuple):
    """`who` is a worker's letter, `Z`, or `-` for the run; `word` a status or what happened."""

    time: str
    who: str
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.time} {self.who} {self.word:<8} {self.text}".rstrip()


def line_of(event: Event, state: RunState) -> Line:
    """Any event as a line.

    Args:
        event: the event.
        state: the run after it.
    """
    speak = _WORDS.get(event.event_type)
    word, text = speak(event, state) if speak else (event.event_type, "")
    time, who = printable(event.ts_utc[11:19]), printable(letter(event.actor))
    return Line(time, who, printable(word, 40), printable(text, WIDTH))


def is_change(event: Event, before: RunState) -> bool:
    """Whether the event changes a status, so that it is worth a line of progress.

    Args:
        event: the event.
        before: the run before it.
    """
    if event.event_type == EventType.FINDING:
        return bool(event.details.get("level") != "ok")
    if event.event_type == EventType.BUNDLE_JUDGED:
        worker = before.workers.get(event.actor)
        return worker is None or worker.judged != event.details.get("status")
    return event.event_type not in _UNREMARKABLE


_UNREMARKABLE = (
    *(EventType.WORKER_ACTIVITY, EventType.WORKER_SESSION),
    *(EventType.REPORT_WRITTEN, EventType.INTEGRATION_JUDGED),
)


def letter(actor: str) -> str:
    """`A` for `A_worker`, `Z` for the integrator, `-` for the factory and the operator."""
    return actor[:1] if actor.endswith("_worker") or actor == INTEGRATOR else "-"


def counts(found: Mapping[str, int]) -> str:
    """`3 files +10 -2`."""
    files = found.get("files", 0)
    noun = "file" if files == 1 else "files"
    return f"{files} {noun} +{found.get('insertions', 0)} -{found.get('deletions', 0)}"


def changes_of(worker: WorkerState) -> str:
    """The same for what a worker, or Z, has changed."""
    found = {
        "files": worker.files,
        "insertions": worker.insertions,
        "deletions": worker.deletions,
    }
    return counts(found)


def duration(milliseconds: int) -> str:
    """`350 ms`, `4.2 s`, `3m07s`, `2h05m`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{milliseconds / 1000:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"


_Speaker = Callable[[Event, RunState], tuple[str, str]]


def _detail(event: Event, name: str) -> str:
    return str(event.details.get(name, ""))


def _created(event: Event, state: RunState) -> tuple[str, str]:
    dry = ", dry run" if state.dry_run else ""
    return "CREATED", f"{event.run_id} from {state.base_ref} ({state.base_commit[:12]}{dry})"


def _stage_finished(event: Event, state: RunState) -> tuple[str, str]:
    reason = _detail(event, "reason")
    return _detail(event, "status"), _detail(event, "stage") + (f": {reason}" if reason else "")


def _finding(event: Event, state: RunState) -> tuple[str, str]:
    advice = _detail(event, "advice")
    text = f"{_detail(event, 'name')}: {_detail(event, 'message')}"
    return _detail(event, "level").upper(), text + (f"; {advice}" if advice else "")


def _worker_started(event: Event, state: RunState) -> tuple[str, str]:
    details = event.details
    worker = state.workers.get(event.actor)
    parts = [worker.title] if worker and worker.title else []
    parts.append(f"agent {details.get('agent', '')}")
    if details.get("attempts", 1) > 1:
        parts.append(f"attempt {details.get('attempt')} of {details['attempts']}")
    if details.get("continues"):
        parts.append("goes on with its session")
    return "RUNNING", ", ".join(parts)


def _worker_exited(event: Event, state: RunState) -> tuple[str, str]:
    reason = _detail(event, "reason")
    text = reason or (f"exited with {event.rc}" if event.rc is not None else "ended")
    return "EXITED", f"{text} after {duration(event.duration_ms)}"


def _worker_retried(event: Event, state: RunState) -> tuple[str, str]:
    delay_s = event.details.get("delay_s", 0)
    wait = f"in {duration(round(delay_s * 1000))}, " if delay_s else ""
    return "RETRY", f"{wait}after attempt {_detail(event, 'attempt')}: {_detail(event, 'reason')}"


def _worker_stalled(event: Event, state: RunState) -> tuple[str, str]:
    doing = _detail(event, "doing")
    silent = duration(event.details.get("silent_s", 0) * 1000)
    return "STALLED", f"silent for {silent}" + (f", last seen {doing}" if doing else "")


def _worker_heard(event: Event, state: RunState) -> tuple[str, str]:
    silent = duration(event.details.get("silent_s", 0) * 1000)
    return "RUNNING", f"speaks again after {silent}"


def _worker_session(event: Event, state: RunState) -> tuple[str, str]:
    session = _detail(event, "session")
    return "SESSION", session or "given up, it starts afresh"


def _check(event: Event, state: RunState) -> tuple[str, str]:
    kind = "" if event.details.get("required", True) else "optional "
    how = _detail(event, "detail") or f"rc {event.rc}"
    said = _detail(event, "last_words")
    text = f"{kind}check {_detail(event, 'name')}: {how}" + (f": {said}" if said else "")
    return _detail(event, "status"), text


def _worker_finished(event: Event, state: RunState) -> tuple[str, str]:
    reason = _detail(event, "reason")
    return _detail(event, "status"), counts(event.file_counts) + (f"; {reason}" if reason else "")


def _judged(event: Event, state: RunState) -> tuple[str, str]:
    reason = _detail(event, "reason")
    return _detail(event, "status"), f"bundle: {reason}" if reason else "bundle is valid"


def _merged(event: Event, state: RunState) -> tuple[str, str]:
    conflicts = event.details.get("conflicts", ())
    if conflicts:
        return "CONFLICT", ", ".join(map(str, conflicts))
    return "MERGED", counts(event.file_counts)


def _culprits(event: Event, state: RunState) -> tuple[str, str]:
    return "CULPRIT", culprit(_detail(event, "check"), event.details.get("workers", ()))


def culprit(check: str, workers: Any) -> str:
    """Who makes a check fail, in words; empty `workers` mean that base fails already."""
    names = [str(worker) for worker in workers]
    if not names:
        return f"{check} fails on base already"
    if len(names) == 1:
        return f"{check} fails with the change of {names[0]} alone"
    return f"{check} fails with the changes of {' and '.join(names)} together, with no fewer"


def _finished(event: Event, state: RunState) -> tuple[str, str]:
    reason = _detail(event, "reason")
    return _detail(event, "status"), event.run_id + (f": {reason}" if reason else "")


def _amended(event: Event, state: RunState) -> tuple[str, str]:
    return "AMENDED", f"scope of {_detail(event, 'worker_id')}: {_detail(event, 'reason')}"


_WORDS: dict[str, _Speaker] = {
    EventType.RUN_CREATED: _created,
    EventType.RUN_RESUMED: lambda e, s: ("RESUMED", f"{e.run_id} by {_detail(e, 'command')}"),
    EventType.RUN_INTERRUPTED: lambda e, s: ("STOPPED", f"by {_detail(e, 'cause')}"),
    EventType.RUN_FINISHED: _finished,
    EventType.LEDGER_REPAIRED: lambda e, s: ("REPAIRED", f"see {_detail(e, 'kept_as')}"),
    EventType.STAGE_STARTED: lambda e, s: ("RUNNING", _detail(e, "stage")),
    EventType.STAGE_FINISHED: _stage_finished,
    EventType.FINDING: _finding,
    EventType.WORKER_STARTED: _worker_started,
    EventType.WORKER_ACTIVITY: lambda e, s: ("RUNNING", _detail(e, "text")),
    EventType.WORKER_SESSION: _worker_session,
    EventType.WORKER_STALLED: _worker_stalled,
    EventType.WORKER_HEARD: _worker_heard,
    EventType.WORKER_EXITED: _worker_exited,
    EventType.WORKER_RETRIED: _worker_retried,
    EventType.WORKER_CHECKED: _check,
    EventType.WORKER_FINISHED: _worker_finished,
    EventType.LOCK_AMENDED: _amended,
    EventType.BUNDLE_JUDGED: _judged,
    EventType.MERGE_FINISHED: _merged,
    EventType.CHECK_STARTED: lambda e, s: ("RUNNING", f"check {_detail(e, 'name')}"),
    EventType.CHECK_FINISHED: _check,
    EventType.CULPRIT_SEARCHED: _culprits,
    EventType.INTEGRATION_JUDGED: lambda e, s: (_detail(e, "status"), _detail(e, "reason")),
    EventType.REPORT_WRITTEN: lambda e, s: ("REPORT", _detail(e, "status")),
}
