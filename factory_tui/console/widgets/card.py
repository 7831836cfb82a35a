"""One worker in a box: status, activity, counts, and the end of its log.

Owns how a card is filled. A widget of fixed size without scroll bars, so that a new line of log
costs no layout.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from factory_engine.state import WorkerState
from factory_tui.console.logs.log_tail import LogTail
from factory_tui.console.run.view import RunView, activity_of, display_status_of, quiet_us, spent_us
from factory_tui.console.widgets.paint import Painted, Piece, fit
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import NONE, ago, counts, files, hms


class WorkerCard(Painted, can_focus=True):
    """One worker, or Z."""

    ALLOW_MAXIMIZE: ClassVar[bool | None] = True
    ALLOW_SELECT = False
    chosen: reactive[bool] = reactive(False, layout=False, toggle_class="-chosen")

    class Chosen(Message):
        """Somebody turned to this card."""

        def __init__(self, worker_id: str) -> None:
            super().__init__()
            self.worker_id = worker_id

    class Opened(Chosen):
        """Somebody wants to see more of it."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(id=f"card-{worker_id}")
        self.worker_id = worker_id
        self._view = RunView()
        self._worker = WorkerState(worker_id)
        self._tail: LogTail | None = None

    def show(self, view: RunView, tail: LogTail) -> None:
        """Show a worker at an instant, with the end of its log."""
        self._view = view
        self._worker = view.worker(self.worker_id) or self._worker
        self._tail = tail
        width = self.size.width
        self.refresh_if_other((self._head(width), self._activity(width), tail.mark))

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if y == 0:
            return self.strip(self._head(width), width)
        if y == 1:
            return self.strip(self._activity(width), width)
        shown = self._tail.last(height - 2) if self._tail is not None else []
        number = y - 2
        return self.strip([(shown[number], "dim")] if number < len(shown) else (), width)

    def _head(self, width: int) -> list[Piece]:
        view, worker = self._view, self._worker
        display_status = display_status_of(view, worker)
        spent = spent_us(view, worker)
        pieces: list[Piece] = [
            (f"{glyphs().pointer if self.chosen else ' '}{worker.letter} ", "bold"),
            (
                f"{glyphs().status[display_status]} {display_status:<8}",
                display_status.paint,
            ),
            (f" {hms(spent) if spent is not None else NONE}", ""),
        ]
        if worker.collected or worker.files:
            pieces.append((f"  {files(worker.files)} ", ""))
            pieces.append((counts(worker.insertions, worker.deletions), "dim"))
        used = sum(len(text) for text, _ in pieces)
        title = worker.title or ("integrator" if worker.letter == "Z" else worker.agent)
        if width - used > 6:
            pieces.append((f"  {fit(title, width - used - 2)}", "dim"))
        return pieces

    def _activity(self, width: int) -> list[Piece]:
        view, worker = self._view, self._worker
        quiet = quiet_us(view, worker) if not worker.ended_at else None
        note = f" (quiet {ago(quiet)})" if quiet is not None and quiet >= 1_000_000 else ""
        text = activity_of(view, worker)
        display_status = display_status_of(view, worker)
        name = (
            display_status.paint
            if display_status.paint in ("blocked", "fail", "stalled", "retry")
            else ""
        )
        return [
            ("  ", ""),
            (fit(text, min(len(text), max(1, width - 2 - len(note)))), name),
            (note, "dim"),
        ]

    def on_focus(self) -> None:
        self.post_message(self.Chosen(self.worker_id))

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            self.post_message(self.Opened(self.worker_id))
