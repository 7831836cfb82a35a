"""An event in words: who, what it is now, and what there is to say about it.

Owns the one wording that progress lines, `watch`, the live table and every list of the console
share. Foreign text is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from factory_engine.amendment import amendment_words
from factory_engine.escape import printable
from factory_engine.events import (
    INTEGRATOR,
    OPERATOR,
    BaselineFinished,
    BaselineStarted,
    BundleJudged,
    CheckFinished,
    CheckStarted,
    CulpritSearched,
    Event,
    Finding,
    IntegrationJudged,
    JudgingDetails,
    LedgerRepaired,
    LockAmended,
    MergeFinished,
    ReportWritten,
    RunCreated,
    RunFinished,
    RunInterrupted,
    RunResumed,
    StageFinished,
    StageStarted,
    Unknown,
    WorkerActivity,
    WorkerChecked,
    WorkerDetails,
    WorkerExited,
    WorkerFinished,
    WorkerHeard,
    WorkerRetried,
    WorkerSession,
    WorkerStalled,
    WorkerStarted,
)
from factory_engine.state import Amendment, RunState
from factory_tui.text.glyphs import DisplayStatus
from factory_tui.text.units import SECOND_US, changes, duration

WIDTH = 300


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
    word, text, _ = say(event)
    if isinstance(event.details, Unknown):
        return ""
    if isinstance(event.details, _TYPE_IS_THE_WORD):
        return printable(text, limit)
    return printable(f"{word}  {text}".strip(), limit)


def status_of(event: Event) -> str:
    """The status word, or the level of a finding, that the event gives to something; or empty."""
    match event.details:
        case Finding(level=level):
            return level
        case (
            StageFinished(status=status)
            | WorkerChecked(status=status)
            | CheckFinished(status=status)
            | BaselineFinished(status=status)
            | WorkerFinished(status=status)
            | BundleJudged(status=status)
            | IntegrationJudged(status=status)
            | ReportWritten(status=status)
            | RunFinished(status=status)
        ):
            return status
    return ""


def display_status(event: Event) -> DisplayStatus | None:
    """The status that the event announces, for its colour; None for one that announces none."""
    match event.details:
        case Finding(level=level):
            return _LEVELS.get(level)
        case WorkerRetried():
            return DisplayStatus.RETRY
        case WorkerStalled():
            return DisplayStatus.STALLED
        case RunInterrupted() | LedgerRepaired():
            return DisplayStatus.STOPPED
        case WorkerStarted() | WorkerHeard() | StageStarted():
            return DisplayStatus.RUNNING
    status = status_of(event)
    return DisplayStatus(status) if status in ("PASS", "BLOCKED", "FAIL") else None


def is_change(event: Event, before: RunState) -> bool:
    """Whether the event changes a status, so that it is worth a line of progress.

    Args:
        event: the event.
        before: the run before it.
    """
    match event.details:
        case Finding(level=level):
            return level != "ok"
        case BundleJudged(status=status):
            worker = before.workers.get(event.actor)
            return worker is None or worker.judged != status
        case WorkerActivity() | WorkerSession() | ReportWritten() | IntegrationJudged():
            return False
    return True


def letter(actor: str) -> str:
    """`A` for `A_worker`, `Z` for the integrator, `op` for the operator, `-` for the factory."""
    if actor.endswith("_worker") or actor == INTEGRATOR:
        return actor[:1]
    return "op" if actor == OPERATOR else "-"


FLAKY = "green when tried again on the same tree, so nobody is blamed"


def culprit(check: str, workers: Sequence[str]) -> str:
    """Who makes a check fail, in words; empty `workers` mean that base fails already."""
    if not workers:
        return f"{check} fails on base already"
    if len(workers) == 1:
        return f"{check} fails with the change of {workers[0]} alone"
    return f"{check} fails with the changes of {' and '.join(workers)} together, with no fewer"


_TYPE_IS_THE_WORD = (
    *(RunCreated, RunResumed, RunInterrupted, LedgerRepaired, StageStarted, WorkerStarted),
    *(WorkerActivity, WorkerSession, WorkerStalled, WorkerHeard, WorkerExited, WorkerRetried),
    *(LockAmended, BaselineStarted, CheckStarted, CulpritSearched, ReportWritten),
)
_LEVELS = {"ok": DisplayStatus.PASS, "warn": DisplayStatus.STALLED, "block": DisplayStatus.BLOCKED}


def say(event: Event, title: str = "") -> Said:
    """Any event in words.

    Args:
        event: the event.
        title: that of the worker that it is about.
    """
    details = event.details
    match details:
        case RunCreated():
            dry = ", dry run" if details.dry_run else ""
            base = f"from {details.base_ref} ({details.base_commit[:12]}{dry})"
            return Said("CREATED", base, f"{event.run_id} ")
        case RunResumed(command=command):
            return Said("RESUMED", f"by {command}", f"{event.run_id} ")
        case RunInterrupted(cause=cause):
            return Said("STOPPED", f"by {cause}")
        case RunFinished(status=status, reason=reason):
            return Said(status, reason, event.run_id + (": " if reason else ""))
        case LedgerRepaired(kept_as=kept_as):
            return Said("REPAIRED", f"torn end kept as {kept_as}")
        case StageStarted(stage=stage):
            return Said("RUNNING", stage)
        case StageFinished(stage=stage, status=status, reason=why):
            return Said(status, _with(stage, ": ", why))
        case Finding():
            text = f"{details.name}: {details.message}"
            return Said(details.level.upper(), _with(text, "; ", details.advice))
        case Unknown():
            return Said(event.event_type, "")
        case (
            BaselineFinished()
            | BaselineStarted()
            | BundleJudged()
            | CheckFinished()
            | CheckStarted()
            | CulpritSearched()
            | IntegrationJudged()
            | LockAmended()
            | MergeFinished()
            | ReportWritten()
        ):
            return _judging(event, details)
        case _:
            return _at_work(event, details, title)


def _with(text: str, between: str, more: str | None) -> str:
    return f"{text}{between}{more}" if more else text


def _at_work(event: Event, details: WorkerDetails, title: str) -> Said:
    match details:
        case WorkerStarted():
            return Said("RUNNING", _started(details, title))
        case WorkerActivity(text=text):
            return Said("RUNNING", text)
        case WorkerSession(session=session):
            return Said("SESSION", session or "given up, it starts afresh")
        case WorkerStalled(silent_s=silent_s, doing=doing):
            silent = f"silent for {duration(silent_s * SECOND_US)}"
            return Said("STALLED", _with(silent, ", last seen ", doing))
        case WorkerHeard(silent_s=silent_s):
            return Said("RUNNING", f"speaks again after {duration(silent_s * SECOND_US)}")
        case WorkerExited(reason=reason):
            ended = f"exited with {event.rc}" if event.rc is not None else "ended"
            return Said("EXITED", f"{reason or ended} after {duration(event.duration_ms * 1000)}")
        case WorkerRetried(attempt=attempt, reason=reason, delay_s=delay_s):
            wait = f"in {duration(round(delay_s * SECOND_US))}, " if delay_s else ""
            return Said("RETRY", f"{wait}after attempt {attempt}: {reason}")
        case WorkerChecked():
            return _check(event, details)
        case WorkerFinished(status=status, reason=reason):
            return Said(status, _with(changes(event.file_counts), "; ", reason))
        case _:
            assert_never(details)


def _started(details: WorkerStarted, title: str) -> str:
    parts = [title] if title else []
    parts.append(f"agent {details.agent}")
    if details.attempts > 1:
        parts.append(f"attempt {details.attempt} of {details.attempts}")
    if details.continues:
        parts.append("goes on with its session")
    return ", ".join(parts)


def _judging(event: Event, details: JudgingDetails) -> Said:
    match details:
        case LockAmended():
            made = Amendment(
                details.worker_id, details.reason, details.who or "", details.old, details.new
            )
            return Said("AMENDED", amendment_words(made))
        case BundleJudged(status=status, reason=reason):
            return Said(status, reason, "bundle: ") if reason else Said(status, "bundle is valid")
        case MergeFinished(conflicts=conflicts):
            if conflicts:
                return Said("CONFLICT", ", ".join(conflicts))
            return Said("MERGED", changes(event.file_counts))
        case BaselineStarted(name=name):
            return Said("RUNNING", f"check {name} on base")
        case BaselineFinished():
            return _baseline(event, details)
        case CheckStarted(name=name):
            return Said("RUNNING", f"check {name}")
        case CheckFinished():
            return _check(event, details)
        case CulpritSearched(check=check, flaky=True):
            return Said("FLAKY", f"{check}: {FLAKY}")
        case CulpritSearched(check=check, workers=workers):
            return Said("CULPRIT", culprit(check, workers))
        case IntegrationJudged(status=status, reason=reason):
            return Said(status, reason)
        case ReportWritten(status=status):
            return Said("REPORT", status)
        case _:
            assert_never(details)


def _baseline(event: Event, details: BaselineFinished) -> Said:
    kept = ", kept from an earlier run" if details.kept else ""
    text = f"check {details.name} on base: {details.detail or f'rc {event.rc}'}{kept}"
    return Said(details.status, _with(text, ": ", details.last_words))


def _check(event: Event, details: WorkerChecked | CheckFinished) -> Said:
    kind = "" if details.required else "optional "
    text = f"{kind}check {details.name}: {details.detail or f'rc {event.rc}'}"
    return Said(details.status, _with(text, ": ", details.last_words))
