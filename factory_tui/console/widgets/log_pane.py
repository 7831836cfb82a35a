"""The end of a log below the list of workers, and the ledger's end beside the cards.

Owns both: as many last lines as there are rows, drawn without a layout. Paused means frozen:
what comes is counted, not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from factory_engine.events import Event
from factory_tui.console.logs.log_tail import LogTail
from factory_tui.console.run.view import RunView
from factory_tui.console.widgets.paint import Painted, Piece, fit
from factory_tui.text.events import detail, display_status, letter
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import size as bytes_words


class LogPane(Painted, can_focus=True):
    """The end of one worker's log, under a line that says whose it is."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="log")
        self._title = ""
        self._lines: Sequence[str] = ()
        self._bytes = 0
        self._frozen_bytes: int | None = None

    @property
    def paused(self) -> bool:
        """Whether it is frozen."""
        return self._frozen_bytes is not None

    def show(self, title: str, tail: LogTail) -> None:
        """Show the end of a log; another title ends a pause."""
        if title != self._title:
            self._frozen_bytes = None
        self._title, self._bytes = title, tail.size
        if not self.paused:
            self._lines = tail.last(self.size.height)
        self.refresh_if_other((title, self._frozen_bytes, tail.mark, glyphs(), self.size))

    def toggle_follow(self) -> None:
        """Freeze, or go on."""
        self._frozen_bytes = None if self.paused else self._bytes
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if y == 0:
            return self.strip([(self._head(width), "dim")], width)
        shown = self._lines[-(height - 1) :] if height > 1 else ()
        text = shown[y - 1] if y <= len(shown) else ""
        if not self._lines and y == 1:
            text = "  nothing has been written yet"
        return self.strip([(f" {text}", "")], width)

    def _head(self, width: int) -> str:
        rule = glyphs().rule
        if self._frozen_bytes is not None:
            state = f"PAUSED, {bytes_words(max(0, self._bytes - self._frozen_bytes))} more"
        else:
            state = "FOLLOW"
        right = f" {state} {rule * 2} {bytes_words(self._bytes)} {rule}"
        left = f"{rule * 2} {self._title} "
        return left + rule * max(0, width - len(left) - len(right)) + right


class LedgerTail(Painted):
    """The last events, newest at the bottom."""

    def __init__(self, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._view = RunView()

    def show(self, view: RunView) -> None:
        """Show a run at an instant."""
        self._view = view
        self.refresh_if_other((view.path, view.state.last_seq, view.problem, glyphs()))

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if y == 0:
            seq = self._view.state.last_seq
            chain = "cannot be read" if self._view.problem else "L opens, V verifies"
            return self.strip([(f"LEDGER {seq:,}  ", "bold"), (chain, "dim")], width)
        events = self._view.events[-(height - 1) :] if height > 1 else ()
        if y > len(events):
            return self.strip((), width)
        return self.strip(_event_line(events[y - 1], width), width)


def _event_line(event: Event, width: int) -> list[Piece]:
    found = display_status(event)
    left: list[Piece] = [
        (f"{event.ts_utc[11:19]} ", "dim"),
        (f"{letter(event.actor):<2}", "bold"),
        (f"{event.event_type} ", found.paint if found else ""),
    ]
    room = width - sum(len(text) for text, _ in left)
    return [*left, (fit(detail(event), room), "dim")] if room > 4 else left
