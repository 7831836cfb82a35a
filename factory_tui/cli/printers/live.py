"""A table of the run that changes in place, on a terminal's stderr.

Owns its look. Loaded only where it is shown: rich takes six times as long to load as Python.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from functools import partial

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from factory_engine.clock import Clock, from_rfc3339
from factory_engine.escape import printable
from factory_engine.events import Event
from factory_engine.state import RunState, StageState, WorkerState
from factory_engine.status import Status
from factory_tui.cli.printers.progress import Progress
from factory_tui.text.events import Line, is_change, line_of
from factory_tui.text.runs import changes_of
from factory_tui.text.units import duration

RECENT = 5
_STYLES = {
    "PASS": "green",
    "BLOCKED": "bold magenta",
    "FAIL": "bold red",
    "WARN": "yellow",
    "STALLED": "yellow",
    "RUNNING": "blue",
    "PENDING": "dim",
}


class LiveTable(Progress):
    """Stages, workers and the last few events; gone when the run ends, as the result follows.

    Args:
        color: whether colours are wanted.
        clock: what running times are counted by.
    """

    interval_s = 0.2

    def __init__(self, *, color: bool, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or Clock()
        self._recent: deque[Line] = deque(maxlen=RECENT)
        console = Console(file=sys.stderr, no_color=not color, highlight=False, emoji=False)
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._gone = False
        self._attempt(self._live.start)

    def show(self, event: Event, before: RunState) -> None:
        """Keep the event's line for the lower part."""
        if is_change(event, before):
            self._recent.append(line_of(event, self.state))

    def tick(self) -> None:
        """Draw."""
        picture = screen(self.state, self._recent, self._clock.now_us())
        self._attempt(partial(self._live.update, picture, refresh=True))

    def close(self) -> None:
        """Take the table away."""
        self._attempt(self._live.stop)

    def _attempt(self, draw: Callable[[], None]) -> None:
        """Draw, unless the terminal has been closed: the run goes on without it."""
        if self._gone:
            return
        try:
            draw()
        except OSError:
            self._gone = True


def screen(state: RunState, recent: deque[Line], now_us: int) -> Group:
    """The whole picture."""
    return Group(_stages(state), _workers(state, now_us), *map(_recent_line, recent))


def _stages(state: RunState) -> Text:
    text = Text(printable(state.run_id, 100), style="bold", no_wrap=True, overflow="ellipsis")
    for number, stage in enumerate(state.stages):
        text.append("  " if number else "\n")
        text.append(_stage(stage), style=f"not bold {_STYLES.get(stage.status, '')}")
    return text


def _stage(stage: StageState) -> str:
    return stage.name if stage.status is Status.PENDING else f"{stage.name} {stage.status}"


def _workers(state: RunState, now_us: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False, expand=True)
    table.add_column(width=1)
    table.add_column(width=8)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for _ in range(2):
        table.add_column(justify="right", no_wrap=True)
    for worker in (*state.workers.values(), state.integrator):
        table.add_row(
            printable(worker.letter),
            _display_status(worker),
            Text(printable(_activity(worker))),
            _elapsed(worker, now_us),
            changes_of(worker),
        )
    return table


def _display_status(worker: WorkerState) -> Text:
    word = "STALLED" if worker.stalled else worker.status
    return Text(word, style=_STYLES.get(word, ""))


def _activity(worker: WorkerState) -> str:
    return worker.activity or worker.reason or worker.title


def _elapsed(worker: WorkerState, now_us: int) -> str:
    if not worker.started_at:
        return ""
    end = from_rfc3339(worker.ended_at) if worker.ended_at else now_us
    return duration(max(0, end - from_rfc3339(worker.started_at)))


def _recent_line(line: Line) -> Text:
    text = Text(f"{line.time} {line.who} ", style="dim", no_wrap=True, overflow="ellipsis")
    text.append(f"{line.word:<8} ", style=_STYLES.get(line.word, ""))
    text.append(line.text)
    return text
