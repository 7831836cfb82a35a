"""The logs of a worker or of Z: the live one, or those of the bundle.

Owns which of several is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from factory_engine.events import WorkerActivity
from factory_engine.run_folder import RunFolder
from factory_tui.console.copyable import Copyable
from factory_tui.console.logs.log_files import current_log, log_files
from factory_tui.console.run.view import RunView
from factory_tui.console.tabs.tab import Subject, Tab
from factory_tui.console.widgets.log_view import LogView
from factory_tui.console.widgets.paint import Piece
from factory_tui.text.foreign import one_line
from factory_tui.text.units import plural, size

SCREENFUL = 200


class LogTab(Tab):
    """One log at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma", "log(-1)", "Log before", key_display=",", id="log_before"),
        Binding("full_stop", "log(1)", "Next log", key_display=".", id="next_log"),
    ]
    KEYS = (
        "follow",
        "wrap",
        "search",
        "times",
        "next_log",
        "copy",
        "edit",
        "next_tab",
    )

    def __init__(self) -> None:
        super().__init__("log", "Log")
        self._logs: list[Path] = []
        self._chosen: Path | None = None
        self._said: tuple[int, Mapping[str, str]] = (-1, {})

    def compose(self) -> ComposeResult:
        yield LogView()

    @property
    def log_view(self) -> LogView:
        """The view."""
        return self.query_one(LogView)

    def show(self, subject: Subject) -> None:
        path = subject.view.path
        if path is None:
            return
        folder, owner = RunFolder(path), subject.worker.worker_id
        self._logs = log_files(folder, owner)
        shown = self._chosen if self._chosen in self._logs else current_log(folder, owner)
        if self._said[0] != subject.view.state.last_seq:
            self._said = (subject.view.state.last_seq, said(subject.view, owner))
        if shown is not None:
            self.log_view.open(shown, path, self._said[1])
            self.log_view.poll(subject.view.now_us)

    def open_named(self, stem: str) -> None:
        """Turn to the log of that name, if there is one."""
        self._chosen = next((log for log in self._logs if log.stem == stem), self._chosen)

    def poll(self, now_us: int) -> None:
        """Look whether the log has grown."""
        self.log_view.poll(now_us)

    def info(self, subject: Subject) -> Sequence[Piece]:
        view = self.log_view
        index = view.index
        if index is None:
            return [("no log has been written yet", "dim")]
        at = self._logs.index(index.path) + 1 if index.path in self._logs else 1
        pieces: list[Piece] = [(one_line(index.path.stem, 40), "bold")]
        if len(self._logs) > 1:
            pieces.append((f"  log {at}/{len(self._logs)}", "dim"))
        pieces.append((f"  {plural(index.count, 'line')}  {size(index.size)}", "dim"))
        pieces.append(("  FOLLOW", "pass") if view.following else ("  PAUSED", "stalled"))
        if view.new_lines:
            pieces.append((f"  +{view.new_lines:,} new", "stalled"))
        for on_now, word in ((view.wrapped, "wrap"), (view.times, "times")):
            pieces.append((f"  {word}" if on_now else "", "dim"))
        if index.problem:
            pieces.append((f"  {index.problem}", "blocked"))
        return pieces

    def action_log(self, step: int) -> None:
        index = self.log_view.index
        if index is not None and index.path in self._logs:
            at = (self._logs.index(index.path) + step) % len(self._logs)
            self._chosen = self._logs[at]
            self.post_message(self.Informed())

    @on(LogView.Changed)
    def _changed(self, message: LogView.Changed) -> None:
        message.stop()
        self.post_message(self.Informed())

    def target(self) -> Widget:
        return self.log_view

    def copyables(self, subject: Subject) -> Sequence[Copyable]:
        view = self.log_view
        if view.index is None:
            return ()
        first = view.first_shown()
        shown = range(first, min(first + view.size.height, view.index.count))
        tail = range(max(0, view.index.count - SCREENFUL), view.index.count)
        return [
            Copyable("log on the screen", "\n".join(view.line_text(n) for n in shown)),
            Copyable(f"last {SCREENFUL} lines", "\n".join(view.line_text(n) for n in tail)),
            Copyable("path of the log", str(view.index.path)),
        ]

    def file_to_open(self, subject: Subject) -> str:
        index, root = self.log_view.index, subject.view.path
        return index.path.relative_to(root).as_posix() if index and root else ""


def said(view: RunView, worker_id: str) -> Mapping[str, str]:
    """When a line was first said, by its text, from the events that quote lines."""
    found: dict[str, str] = {}
    for event in view.events:
        if event.actor == worker_id and isinstance(event.details, WorkerActivity):
            found.setdefault(event.details.text, event.ts_utc)
    found.pop("", None)
    return found
