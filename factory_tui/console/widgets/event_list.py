"""Events as rows: number, time, distance, who, what.

Owns the columns. The same list serves the ledger and the events of one worker.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from factory_engine.events import Event
from factory_tui.console.widgets.paint import Painted, Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.events import detail, display_status, letter
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import clock_us, hms, short

TYPE_CELLS = 18


class EventHeads(Painted):
    """The names of the columns."""

    def render_line(self, y: int) -> Strip:
        heads = f"{'SEQ':>7} {'TIME':<13}{'+DELTA':>8} WHO TYPE{'':<{TYPE_CELLS - 1}} DETAIL"
        return self.strip([(heads, "dim")], self.size.width)


class EventList(RowList[Event]):
    """Events, oldest first.

    Args:
        id: the widget's id.
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.relative = True
        self.start_us = 0
        self.mark: Event | None = None

    def draw(self, event: Event, number: int, width: int) -> Sequence[Piece]:
        status = display_status(event)
        name = status.paint if status else ""
        sign = glyphs().status[status] if status else " "
        marked = self.mark is not None and self.mark.seq == event.seq
        left: list[Piece] = [
            ("*" if marked else glyphs().pointer if number == self.cursor else " ", "selected"),
            (f"{event.seq:>6} ", "dim"),
            (f"{self._time(event):<13}", ""),
            (f"{self._delta(event, number):>8} ", "dim"),
            (f"{letter(event.actor):<2} ", "bold"),
            (f"{sign} {fit(event.event_type, TYPE_CELLS)} ", name),
        ]
        room = width - sum(len(text) for text, _ in left)
        return [*left, (fit(detail(event), room) if room > 3 else "", "")]

    def _time(self, event: Event) -> str:
        at = clock_us(event.ts_utc)
        if not self.relative or not self.start_us:
            return event.ts_utc[11:23]
        span = max(0, at - self.start_us)
        return f"{hms(span)}.{span // 1000 % 1000:03}"

    def _delta(self, event: Event, number: int) -> str:
        """From the marked event, else from the row above."""
        if self.mark is not None:
            span = clock_us(event.ts_utc) - clock_us(self.mark.ts_utc)
            return f"{'-' if span < 0 else '+'}{short(abs(span))}"
        if number == 0:
            return ""
        return short(clock_us(event.ts_utc) - clock_us(self.rows[number - 1].ts_utc))
