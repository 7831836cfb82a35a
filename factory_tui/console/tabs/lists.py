"""The tabs that are lists: scope, checks, events.

Owns what each row says and what opening one does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from factory_engine.artifacts.bundle import CheckResult
from factory_engine.artifacts.names import SCOPE_LOCK
from factory_engine.rules.scope import lock_differences
from factory_engine.state import CheckState
from factory_tui.console.bundle.bundle import Bundle
from factory_tui.console.copyable import Copyable
from factory_tui.console.tabs.tab import Subject, Tab
from factory_tui.console.widgets.event_list import EventHeads, EventList
from factory_tui.console.widgets.file_tree import ScopeList
from factory_tui.console.widgets.paint import Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.foreign import one_line
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import clock_us, plural, short


class ScopeTab(Tab):
    """Each changed path with the pattern that lets it in or keeps it out."""

    KEYS = ("open", "copy", "edit", "next_tab")

    class PathWanted(Message):
        """Show a path's diff."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self) -> None:
        super().__init__("scope", "Scope")
        self._shown: Bundle | None = None

    def compose(self) -> ComposeResult:
        yield ScopeList()

    def title(self, subject: Subject) -> str:
        out = sum(entry.out_of_scope for entry in subject.bundle.files)
        return f"Scope {glyphs().status[DisplayStatus.BLOCKED]}{out}" if out else "Scope"

    def show(self, subject: Subject) -> None:
        if subject.bundle is not self._shown:
            self._shown = subject.bundle
            self.query_one(ScopeList).show_files(subject.bundle.files)

    def info(self, subject: Subject) -> Sequence[Piece]:
        bundle = subject.bundle
        lock = bundle.lock
        if lock is None:
            return [(subject.missing if not bundle.exists else "the scope lock is unknown", "warn")]
        patterns = [*lock.allowed_globs, *(f"!{glob}" for glob in lock.blocked_globs)]
        patterns += [f"shared:{glob}" for glob in lock.allow_shared_paths]
        pieces: list[Piece] = [
            ("lock  ", "bold"),
            (one_line("  ".join(patterns) or "allows nothing"), ""),
        ]
        if bundle.found_lock is not None and lock_differences(lock, bundle.found_lock):
            pieces.append(("   the bundle holds another lock", "blocked"))
        return pieces

    def target(self) -> Widget:
        return self.query_one(ScopeList)

    @on(RowList.Opened)
    def _opened(self, message: RowList.Opened) -> None:
        message.stop()
        row = self.query_one(ScopeList).current
        if row is not None:
            self.post_message(self.PathWanted(row[0]))

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        row = self.query_one(ScopeList).current
        paths = "\n".join(one_line(path) for path, _ in self.query_one(ScopeList).rows)
        found = [Copyable("path", one_line(row[0]))] if row is not None else []
        return [*found, Copyable("all paths", paths)]

    def file_to_open(self, subject: Subject) -> str:
        return f"{subject.worker.worker_id}/{SCOPE_LOCK}" if subject.bundle.exists else ""


class CheckList(RowList[CheckResult]):
    """Checks and how they ended."""

    def draw(self, row: CheckResult, number: int, width: int) -> Sequence[Piece]:
        display_status = DisplayStatus.PASS if row.rc == 0 else DisplayStatus.BLOCKED
        if row.rc != 0 and not row.required:
            display_status = DisplayStatus.STALLED
        kind = "required" if row.required else "optional"
        return [
            (f" {glyphs().status[display_status]} {row.status:<8} ", display_status.paint),
            (fit(one_line(row.name), min(30, width // 3)), "bold"),
            (f" rc {row.rc:<4} {short(row.duration_ms * 1000):>7}  {kind}  ", "dim"),
            (one_line(row.detail, 400), "" if row.rc == 0 else display_status.paint),
        ]


class ChecksTab(Tab):
    """Checks; one that is opened shows its log."""

    KEYS = ("open", "copy", "next_tab")

    class LogWanted(Message):
        """Show the log of a check."""

        def __init__(self, stem: str) -> None:
            super().__init__()
            self.stem = stem

    def __init__(self) -> None:
        super().__init__("checks", "Checks")

    def compose(self) -> ComposeResult:
        yield CheckList()

    def title(self, subject: Subject) -> str:
        number = len(_checks(subject))
        return f"Checks {number}" if number else "Checks"

    def show(self, subject: Subject) -> None:
        self.query_one(CheckList).set_rows(_checks(subject))

    def info(self, subject: Subject) -> Sequence[Piece]:
        checks = _checks(subject)
        red = sum(check.rc != 0 and check.required for check in checks)
        if not checks:
            return [("no check has been run", "dim")]
        culprits = subject.view.state.culprits if subject.is_integrator else {}
        blame = "; ".join(
            f"{one_line(check)}: {' and '.join(workers) or 'base itself'}"
            for check, workers in culprits.items()
        )
        return [
            (plural(len(checks), "check"), "bold"),
            (
                f"  {red} required red" if red else "  all required green",
                "blocked" if red else "pass",
            ),
            (f"  culprit of {blame}" if blame else "", "blocked"),
        ]

    def target(self) -> Widget:
        return self.query_one(CheckList)

    @on(RowList.Opened)
    def _opened(self, message: RowList.Opened) -> None:
        message.stop()
        row = self.query_one(CheckList).current
        if row is not None and row.log:
            stem = row.log.rpartition("/")[2].removesuffix(".log")
            self.post_message(self.LogWanted(stem))

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        row = self.query_one(CheckList).current
        return [Copyable("check", f"{row.name} rc {row.rc} {row.detail}")] if row else ()


class EventsTab(Tab):
    """The events of this worker alone."""

    KEYS: ClassVar[tuple[str, ...]] = ("copy", "ledger", "next_tab")

    def __init__(self) -> None:
        super().__init__("events", "Events")
        self._seen = -1

    def compose(self) -> ComposeResult:
        with Vertical():
            yield EventHeads()
            yield EventList("worker-events")

    def show(self, subject: Subject) -> None:
        actor = subject.worker.worker_id
        if subject.view.state.last_seq == self._seen:
            return
        self._seen = subject.view.state.last_seq
        listed = self.query_one(EventList)
        listed.start_us = clock_us(subject.view.state.started_at)
        events = [event for event in subject.view.events if event.actor == actor]
        if len(events) != len(listed.rows):
            listed.set_rows(events)

    def info(self, subject: Subject) -> Sequence[Piece]:
        return [(plural(len(self.query_one(EventList).rows), "event"), "bold")]

    def target(self) -> Widget:
        return self.query_one(EventList)

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        event = self.query_one(EventList).current
        return [Copyable("event as JSON", json.dumps(asdict(event), indent=2))] if event else ()


def _checks(subject: Subject) -> list[CheckResult]:
    """From the bundle; while there is none, from the events."""
    if subject.bundle.checks:
        return list(subject.bundle.checks)
    return [_from_state(check) for check in subject.worker.checks if check.rc is not None]


def _from_state(check: CheckState) -> CheckResult:
    return CheckResult(
        name=check.name,
        rc=check.rc or 0,
        required=check.required,
        status="PASS" if check.rc == 0 else "BLOCKED",
        detail=check.detail,
        duration_ms=check.duration_ms,
    )
