"""An event in words: who, what it is now, and what there is to say about it.

Owns the one wording that progress lines, `watch`, the live table and every list of the console
share. Foreign text is escaped here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from factory_engine.events import INTEGRATOR, OPERATOR, Event, EventType
from factory_engine.rules.escape import printable
from factory_engine.state import RunState
from factory_tui.text.glyphs import DisplayStatus
from factory_tui.text.units import SECOND_US, changes, duration

WIDTH = 300
UNKNOWN = "(details that this version does not know)"


class Said(NamedTuple):
    """What an event says, not yet escaped.

    `word` is a status or what happened, `text` the rest. `about` is what only a line that stands
    for itself has to name before the text: which run, what of a worker.
    """

    word: str
    text: str
    about: str = ""


class Line(NamedTuple):
    """`who` is a worker's letter, `Z`, `op` or `-`; `word` and `text` as in `Said`, escaped."""

    time: str
    who: str
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.time} {self.who} {self.word:<8} {self.text}".rstrip()


def say(event: Event, title: str = "") -> Said:
    """Any event in words.

    Args:
        event: the event.
        title: that of the worker that it is about.

    Raises:
        KeyError, ValueError, TypeError, AttributeError: its details are not those of its type.
    """
    if event.event_type == EventType.WORKER_STARTED:
        return _worker_started(event, title)
    speak = _SAY.get(event.event_type)
    return speak(event) if speak else Said(event.event_type, "")


def line_of(event: Event, state: RunState) -> Line:
    """Any event as a line that stands for itself.

    Args:
        event: the event.
        state: the run after it.
    """
    worker = state.workers.get(event.actor)
    word, text, about = say(event, worker.title if worker else "")
    time, who = printable(event.ts_utc[11:19]), printable(letter(event.actor))
    return Line(time, who, printable(word, 40), printable(about + text, WIDTH))


def detail(event: Event, limit: int = WIDTH) -> str:
    """What the event says, on one line, beside a column that names its type."""
    try:
        word, text, _ = say(event)
    except (KeyError, TypeError, ValueError, AttributeError):
        return UNKNOWN
    if event.event_type in _TYPE_IS_THE_WORD:
        return printable(text, limit)
    return printable(f"{word}  {text}".strip(), limit)


def display_status(event: Event) -> DisplayStatus | None:
    """The status that the event announces, for its colour; None for one that announces none."""
    if event.event_type == EventType.FINDING:
        return _LEVELS.get(str(event.details.get("level")))
    if event.event_type in _DISPLAY_STATUSES:
        return _DISPLAY_STATUSES[event.event_type]
    status = event.details.get("status")
    return DisplayStatus(status) if status in ("PASS", "BLOCKED", "FAIL") else None


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


def letter(actor: str) -> str:
    """`A` for `A_worker`, `Z` for the integrator, `op` for the operator, `-` for the factory."""
    if actor.endswith("_worker") or actor == INTEGRATOR:
        return actor[:1]
    return "op" if actor == OPERATOR else "-"


def culprit(check: str, workers: Any) -> str:
    """Who makes a check fail, in words; empty `workers` mean that base fails already."""
    names = [str(worker) for worker in workers]
    if not names:
        return f"{check} fails on base already"
    if len(names) == 1:
        return f"{check} fails with the change of {names[0]} alone"
    return f"{check} fails with the changes of {' and '.join(names)} together, with no fewer"


_UNREMARKABLE = (
    *(EventType.WORKER_ACTIVITY, EventType.WORKER_SESSION),
    *(EventType.REPORT_WRITTEN, EventType.INTEGRATION_JUDGED),
)
_TYPE_IS_THE_WORD = (
    *(EventType.RUN_CREATED, EventType.RUN_RESUMED, EventType.RUN_INTERRUPTED),
    *(EventType.LEDGER_REPAIRED, EventType.STAGE_STARTED, EventType.WORKER_STARTED),
    *(EventType.WORKER_ACTIVITY, EventType.WORKER_SESSION, EventType.WORKER_STALLED),
    *(EventType.WORKER_HEARD, EventType.WORKER_EXITED, EventType.WORKER_RETRIED),
    *(EventType.LOCK_AMENDED, EventType.CHECK_STARTED, EventType.CULPRIT_SEARCHED),
    EventType.REPORT_WRITTEN,
)
_LEVELS = {"ok": DisplayStatus.PASS, "warn": DisplayStatus.STALLED, "block": DisplayStatus.BLOCKED}
_DISPLAY_STATUSES: dict[str, DisplayStatus] = {
    EventType.WORKER_RETRIED: DisplayStatus.RETRY,
    EventType.WORKER_STALLED: DisplayStatus.STALLED,
    EventType.RUN_INTERRUPTED: DisplayStatus.STOPPED,
    EventType.LEDGER_REPAIRED: DisplayStatus.STOPPED,
    EventType.WORKER_STARTED: DisplayStatus.RUNNING,
    EventType.WORKER_HEARD: DisplayStatus.RUNNING,
    EventType.STAGE_STARTED: DisplayStatus.RUNNING,
}


def _detail(event: Event, name: str) -> str:
    return str(event.details.get(name, ""))


def _created(event: Event) -> Said:
    dry = ", dry run" if event.details.get("dry_run") else ""
    commit = _detail(event, "base_commit")[:12]
    base = f"from {_detail(event, 'base_ref')} ({commit}{dry})"
    return Said("CREATED", base, f"{event.run_id} ")


def _resumed(event: Event) -> Said:
    return Said("RESUMED", f"by {_detail(event, 'command')}", f"{event.run_id} ")


def _repaired(event: Event) -> Said:
    return Said("REPAIRED", f"torn end kept as {_detail(event, 'kept_as')}")


def _stage_finished(event: Event) -> Said:
    reason = _detail(event, "reason")
    stage = _detail(event, "stage")
    return Said(_detail(event, "status"), f"{stage}: {reason}" if reason else stage)


def _finding(event: Event) -> Said:
    advice = _detail(event, "advice")
    text = f"{_detail(event, 'name')}: {_detail(event, 'message')}"
    return Said(_detail(event, "level").upper(), text + (f"; {advice}" if advice else ""))


def _worker_started(event: Event, title: str) -> Said:
    details = event.details
    parts = [title] if title else []
    parts.append(f"agent {details.get('agent', '')}")
    if details.get("attempts", 1) > 1:
        parts.append(f"attempt {details.get('attempt')} of {details['attempts']}")
    if details.get("continues"):
        parts.append("goes on with its session")
    return Said("RUNNING", ", ".join(parts))


def _worker_exited(event: Event) -> Said:
    reason = _detail(event, "reason")
    text = reason or (f"exited with {event.rc}" if event.rc is not None else "ended")
    return Said("EXITED", f"{text} after {duration(event.duration_ms * 1000)}")


def _worker_retried(event: Event) -> Said:
    delay_s = event.details.get("delay_s", 0)
    wait = f"in {duration(round(delay_s * SECOND_US))}, " if delay_s else ""
    attempt, reason = _detail(event, "attempt"), _detail(event, "reason")
    return Said("RETRY", f"{wait}after attempt {attempt}: {reason}")


def _worker_stalled(event: Event) -> Said:
    doing = _detail(event, "doing")
    silent = duration(event.details.get("silent_s", 0) * SECOND_US)
    return Said("STALLED", f"silent for {silent}" + (f", last seen {doing}" if doing else ""))


def _worker_heard(event: Event) -> Said:
    silent = duration(event.details.get("silent_s", 0) * SECOND_US)
    return Said("RUNNING", f"speaks again after {silent}")


def _worker_session(event: Event) -> Said:
    session = _detail(event, "session")
    return Said("SESSION", session or "given up, it starts afresh")


def _check(event: Event) -> Said:
    kind = "" if event.details.get("required", True) else "optional "
    how = _detail(event, "detail") or f"rc {event.rc}"
    said = _detail(event, "last_words")
    text = f"{kind}check {_detail(event, 'name')}: {how}" + (f": {said}" if said else "")
    return Said(_detail(event, "status"), text)


def _worker_finished(event: Event) -> Said:
    reason = _detail(event, "reason")
    changed = changes(event.file_counts)
    return Said(_detail(event, "status"), f"{changed}; {reason}" if reason else changed)


def _judged(event: Event) -> Said:
    reason = _detail(event, "reason")
    status = _detail(event, "status")
    return Said(status, reason, "bundle: ") if reason else Said(status, "bundle is valid")


def _merged(event: Event) -> Said:
    conflicts = event.details.get("conflicts", ())
    if conflicts:
        return Said("CONFLICT", ", ".join(map(str, conflicts)))
    return Said("MERGED", changes(event.file_counts))


def _culprits(event: Event) -> Said:
    return Said("CULPRIT", culprit(_detail(event, "check"), event.details.get("workers", ())))


def _finished(event: Event) -> Said:
    reason = _detail(event, "reason")
    return Said(_detail(event, "status"), reason, event.run_id + (": " if reason else ""))


def _amended(event: Event) -> Said:
    return Said("AMENDED", f"scope of {_detail(event, 'worker_id')}: {_detail(event, 'reason')}")


_SAY: dict[str, Callable[[Event], Said]] = {
    EventType.RUN_CREATED: _created,
    EventType.RUN_RESUMED: _resumed,
    EventType.RUN_INTERRUPTED: lambda e: Said("STOPPED", f"by {_detail(e, 'cause')}"),
    EventType.RUN_FINISHED: _finished,
    EventType.LEDGER_REPAIRED: _repaired,
    EventType.STAGE_STARTED: lambda e: Said("RUNNING", _detail(e, "stage")),
    EventType.STAGE_FINISHED: _stage_finished,
    EventType.FINDING: _finding,
    EventType.WORKER_ACTIVITY: lambda e: Said("RUNNING", _detail(e, "text")),
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
    EventType.CHECK_STARTED: lambda e: Said("RUNNING", f"check {_detail(e, 'name')}"),
    EventType.CHECK_FINISHED: _check,
    EventType.CULPRIT_SEARCHED: _culprits,
    EventType.INTEGRATION_JUDGED: lambda e: Said(_detail(e, "status"), _detail(e, "reason")),
    EventType.REPORT_WRITTEN: lambda e: Said("REPORT", _detail(e, "status")),
}
