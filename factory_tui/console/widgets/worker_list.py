"""The workers as rows, where there is no room for cards.

Owns the columns, and which of them are narrower on a small screen.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from factory_engine.state import WorkerState
from factory_tui.console.run.view import RunView, activity_of, display_status_of, quiet_us, spent_us
from factory_tui.console.widgets.paint import Painted, Piece, fit
from factory_tui.console.widgets.row_list import RowList
from factory_tui.text.glyphs import glyphs
from factory_tui.text.units import NONE, ago, counts, hms

_RIGHT = (("ELAPSED", 9), ("FILES", 6), ("+/-", 12), ("QUIET", 7))


class WorkerHeads(Painted):
    """The names of the columns."""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        right = "".join(f"{name:>{cells}}" for name, cells in _RIGHT)
        room = max(0, width - len(right))
        return self.strip([(f"{'    STATUS     ACTIVITY':<{room}}{right}", "dim")], width)


class WorkerList(RowList[WorkerState]):
    """All workers and Z, one row each."""

    def __init__(self) -> None:
        super().__init__(id="workers")
        self._view = RunView()

    def show(self, view: RunView, chosen: str) -> None:
        """Show a run at an instant, with the cursor on the worker `chosen`."""
        self._view = view
        ids = [worker.worker_id for worker in view.panes]
        self.set_rows(view.panes, ids.index(chosen) if chosen in ids else None)

    def draw(self, worker: WorkerState, number: int, width: int) -> Sequence[Piece]:
        view = self._view
        display_status = display_status_of(view, worker)
        spent, quiet = spent_us(view, worker), quiet_us(view, worker)
        right = (
            f"{hms(spent) if spent is not None else NONE:>9}"
            f"{worker.files if worker.collected or worker.files else NONE:>6}"
            f"{counts(worker.insertions, worker.deletions):>12}"
            f"{ago(quiet) if quiet is not None and not worker.ended_at else NONE:>7}"
        )
        left = 4 + 11
        return [
            (f"{glyphs().pointer if number == self.cursor else ' '} {worker.letter} ", "bold"),
            (
                f"{glyphs().status[display_status]} {display_status:<8} ",
                display_status.paint,
            ),
            (fit(activity_of(view, worker), max(1, width - left - len(right))), ""),
            (right, ""),
        ]
