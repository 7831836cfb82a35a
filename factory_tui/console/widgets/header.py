"""The two lines above every view of a run: which run, how it stands, how far it has come.

Owns what is left out when there is little room.
"""

from __future__ import annotations

from textual.strip import Strip

from factory_engine.events import STAGES
from factory_tui.console.run.view import RunView, display_status_of, display_status_of_stage
from factory_tui.console.widgets.paint import Painted, Piece, fit
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import clock_us, hms, plural, short

_COUNTED = (
    DisplayStatus.RUNNING,
    DisplayStatus.RETRY,
    DisplayStatus.PASS,
    DisplayStatus.BLOCKED,
    DisplayStatus.FAIL,
    DisplayStatus.STALLED,
    DisplayStatus.STOPPED,
)


class RunHeader(Painted):
    """Two lines about a run.

    Args:
        crumb: what of the run the screen shows; empty for all of it.
    """

    def __init__(self, crumb: str = "") -> None:
        super().__init__()
        self.view = RunView()
        self.crumb: tuple[Piece, ...] = ((crumb, "bold"),) if crumb else ()

    def show(self, view: RunView) -> None:
        """Show a run at an instant."""
        self.view = view
        self.refresh_if_other((self._parts(0), self._parts(1)))

    def _parts(self, y: int) -> tuple[list[Piece], list[Piece]]:
        """What stands on the left and on the right of a line."""
        return (self._title(), self._status()) if y == 0 else (self._stages(), self._driver())

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        left, right = self._parts(y)
        room = width - sum(len(text) for text, _ in right) - 1
        return Strip.join(
            [
                self.strip(left, max(0, room), "bar" if y == 0 else ""),
                self._end(right, width, room, y),
            ]
        )

    def _end(self, right: list[Piece], width: int, room: int, y: int) -> Strip:
        return self.strip([(" ", ""), *right], width - max(0, room), "bar" if y == 0 else "")

    def _title(self) -> list[Piece]:
        state = self.view.state
        pieces: list[Piece] = [(" ", ""), (self.view.run_id or "factory", "title")]
        for piece in self.crumb:
            pieces += [(f" {glyphs().chevron} ", "dim"), piece]
        if self.size.width >= 100 or not self.crumb:
            named = f"{state.base_ref}@" if state.base_ref != state.base_commit else ""
            base = f"{named}{state.base_commit[:7]}"
            pieces += [("  ", ""), (base, "dim"), ("  dry run" if state.dry_run else "", "dim")]
        return pieces

    def _status(self) -> list[Piece]:
        view = self.view
        display_status = view.display_status
        pieces: list[Piece] = []
        if self.size.width >= 120 and view.state.run_id:
            pieces += [(self._counts(), "dim"), ("   ", "")]
        sign = glyphs().status[display_status]
        pieces += [
            (f"{sign} {display_status}", display_status.paint),
            (f" {hms(view.elapsed_us)} ", ""),
        ]
        return pieces

    def _counts(self) -> str:
        statuses = [display_status_of(self.view, w) for w in self.view.state.workers.values()]
        counts = ((statuses.count(status), status) for status in _COUNTED)
        return "  ".join(f"{number} {status.lower()}" for number, status in counts if number)

    def _stages(self) -> list[Piece]:
        view = self.view
        pieces: list[Piece] = [(" ", "")]
        for stage in view.state.stages:
            display_status = display_status_of_stage(view, stage)
            name = stage.name
            if name == "launch" and display_status is DisplayStatus.RUNNING:
                name += f" {self._collected()}"
            if len(pieces) > 1:
                pieces.append((f" {glyphs().chevron} ", "dim"))
            pieces.append((f"{glyphs().status[display_status]} {name}", display_status.paint))
            started, ended = clock_us(stage.started_at), clock_us(stage.ended_at)
            if started and self.size.width >= 120:
                pieces.append((f" {short((ended or view.end_us) - started)}", "dim"))
        return pieces

    def _collected(self) -> str:
        workers = self.view.state.workers.values()
        return f"{sum(worker.collected for worker in workers)}/{len(workers)}"

    def _driver(self) -> list[Piece]:
        view = self.view
        if view.problem:
            return [(fit(view.problem, min(len(view.problem), self.size.width // 2)), "fail")]
        if self.size.width < len(" > ".join(STAGES)) + 36:
            return []
        where = "" if view.local else "read only  "
        if view.driver:
            return [(f"{where}{view.driver.command} pid {view.driver.pid} ", "dim")]
        if not view.loaded:
            return [("reading ", "dim")]
        return [(f"{where}{plural(view.state.last_seq, 'event')} ", "dim")]
