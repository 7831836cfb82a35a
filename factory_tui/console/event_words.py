"""What an event says, in the column beside its type.

Owns that one line. Who and when stand in columns of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from factory_engine.events import INTEGRATOR, Event, EventType
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import Standing
from factory_tui.text.units import counts, files, short

_AT_WORK = (EventType.WORKER_STARTED, EventType.WORKER_HEARD, EventType.STAGE_STARTED)
_LEVELS = {"ok": Standing.PASS, "warn": Standing.STALLED, "block": Standing.BLOCKED}


def who(event: Event) -> str:
    """`A` for a worker, `Z` for the integrator, `-` for the factory and `you` for an operator."""
    if event.actor.endswith("_worker") or event.actor == INTEGRATOR:
        return event.actor[:1]
    return "op" if event.actor == "operator" else "-"


def detail(event: Event, limit: int = 300) -> str:
    """What the event says, on one line; empty where its type says it all."""
    say = _SAY.get(event.event_type)
    try:
        text = say(event) if say else ""
    except (KeyError, TypeError, ValueError, AttributeError):
        text = "(details that this version does not know)"
    return one_line(text, limit)


def standing(event: Event) -> Standing | None:
    """The standing that the event announces, for its colour; None for one that announces none."""
    if event.event_type == EventType.FINDING:
        return _LEVELS.get(str(event.details.get("level")))
    if event.event_type == EventType.WORKER_RETRIED:
        return Standing.RETRY
    if event.event_type == EventType.WORKER_STALLED:
        return Standing.STALLED
    if event.event_type in (EventType.RUN_INTERRUPTED, EventType.LEDGER_REPAIRED):
        return Standing.STOPPED
    if event.event_type in _AT_WORK:
        return Standing.RUNNING
    status = event.details.get("status")
    return Standing(status) if status in ("PASS", "BLOCKED", "FAIL") else None


def _detail(event: Event, *names: str) -> str:
    return "  ".join(str(event.details[name]) for name in names if event.details.get(name))


def _created(event: Event) -> str:
    workers = ",".join(str(worker["worker_id"])[:1] for worker in event.details["workers"])
    base = f"{event.details['base_ref']}@{event.details['base_commit'][:8]}"
    return f"{base}  workers {workers}" + ("  dry run" if event.details["dry_run"] else "")


def _finding(event: Event) -> str:
    return f"{event.details['name']}: {_detail(event, 'message', 'advice')}"


def _started(event: Event) -> str:
    attempt, attempts = event.details["attempt"], event.details.get("attempts", 1)
    again = f"  attempt {attempt} of {attempts}" if attempts > 1 else ""
    session = "  goes on with its session" if event.details.get("continues") else ""
    return f"agent {event.details.get('agent', '')}{again}{session}"


def _stalled(event: Event) -> str:
    doing = _detail(event, "doing")
    return f"silent for {_silence(event)}" + (f", last seen {doing}" if doing else "")


def _silence(event: Event) -> str:
    return short(event.details["silent_s"] * 1_000_000)


def _retried(event: Event) -> str:
    wait = short(round(event.details.get("delay_s", 0) * 1_000_000))
    return f"attempt {event.details['attempt']}: {event.details['reason']}  next in {wait}"


def _exited(event: Event) -> str:
    ended = f"exit {event.rc}" if event.rc is not None else "ended"
    reason = _detail(event, "reason")
    said = "" if reason == f"exit {event.rc}" else f"  {reason}"
    return f"{ended} after {short(event.duration_ms * 1000)}{said}"


def _check(event: Event) -> str:
    kind = "" if event.details.get("required", True) else "optional "
    rc = "" if event.rc is None else f"  rc {event.rc}"
    words = _detail(event, "detail", "last_words")
    return f"{kind}{event.details['name']}{rc}  {words}"


def _collected(event: Event) -> str:
    number = event.file_counts.get("files", 0)
    changed = counts(event.file_counts.get("insertions", 0), event.file_counts.get("deletions", 0))
    return f"{files(number)} {changed}  {_detail(event, 'reason')}"


def _merged(event: Event) -> str:
    conflicts = event.details.get("conflicts") or ()
    if conflicts:
        return f"conflicts in {', '.join(map(str, conflicts))}"
    return f"{_collected(event)} from {','.join(str(w)[:1] for w in event.details['order'])}"


def _culprits(event: Event) -> str:
    workers = event.details["workers"]
    return f"{event.details['check']}: " + (", ".join(workers) if workers else "base itself")


_SAY: dict[str, Callable[[Event], str]] = {
    EventType.RUN_CREATED: _created,
    EventType.RUN_RESUMED: lambda e: f"by {e.details['command']}",
    EventType.RUN_INTERRUPTED: lambda e: f"by {e.details['cause']}",
    EventType.RUN_FINISHED: lambda e: _detail(e, "status", "reason"),
    EventType.LEDGER_REPAIRED: lambda e: f"torn end kept as {e.details['kept_as']}",
    EventType.STAGE_STARTED: lambda e: _detail(e, "stage"),
    EventType.STAGE_FINISHED: lambda e: _detail(e, "stage", "status", "reason"),
    EventType.FINDING: _finding,
    EventType.WORKER_STARTED: _started,
    EventType.WORKER_SESSION: lambda e: e.details["session"] or "given up, it starts afresh",
    EventType.WORKER_STALLED: _stalled,
    EventType.WORKER_HEARD: lambda e: f"after {_silence(e)}",
    EventType.WORKER_ACTIVITY: lambda e: _detail(e, "text"),
    EventType.WORKER_EXITED: _exited,
    EventType.WORKER_RETRIED: _retried,
    EventType.WORKER_CHECKED: _check,
    EventType.WORKER_FINISHED: lambda e: f"{e.details['status']}  {_collected(e)}",
    EventType.LOCK_AMENDED: lambda e: _detail(e, "worker_id", "reason"),
    EventType.BUNDLE_JUDGED: lambda e: _detail(e, "status", "reason"),
    EventType.MERGE_FINISHED: _merged,
    EventType.CHECK_STARTED: lambda e: _detail(e, "name"),
    EventType.CHECK_FINISHED: _check,
    EventType.CULPRIT_SEARCHED: _culprits,
    EventType.INTEGRATION_JUDGED: lambda e: _detail(e, "status", "reason"),
    EventType.REPORT_WRITTEN: lambda e: _detail(e, "status"),
}
