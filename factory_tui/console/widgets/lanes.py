"""Swim lanes on the screen. Owns their place beside their letters; the cells are `swim_lanes`'s."""

from __future__ import annotations

from textual.strip import Strip

from factory_tui.console.run.swim_lanes import Lanes, lanes_of
from factory_tui.console.run.view import RunView
from factory_tui.console.widgets.paint import Painted


class LanesPane(Painted):
    """A lane for each worker and Z, over the marks of stages."""

    def __init__(self) -> None:
        super().__init__()
        self._lanes = Lanes("", (), "")
        self._key: object = None

    def show(self, view: RunView) -> None:
        """Show a run at an instant; computed once a second at most."""
        key = (view.path, view.state.last_seq, view.end_us // 1_000_000, self.size.width)
        if key != self._key:
            self._key = key
            self._lanes = lanes_of(view.events, view.end_us, self.size.width - 4)
            self.refresh()

    @property
    def rows(self) -> int:
        """How many rows it wants."""
        return len(self._lanes.lanes) + 1

    def render_line(self, y: int) -> Strip:
        lanes = self._lanes
        if y < len(lanes.lanes):
            lane = lanes.lanes[y]
            return self.strip([(f" {lane.who} ", "bold"), *lane.cells], self.size.width)
        if y == len(lanes.lanes) and lanes.step:
            marks = f"   {lanes.stages}   p l b i s: stages   1 cell = {lanes.step}"
            return self.strip([(marks, "dim")], self.size.width)
        return self.strip((), self.size.width)
