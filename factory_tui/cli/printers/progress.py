"""What a command shows while it drives or follows a run.

Owns the folding beside the printing, and the plain lines. The live table is `live`'s.
"""

from __future__ import annotations

from collections.abc import Callable

from factory_engine.clock import Clock, from_rfc3339, to_rfc3339
from factory_engine.escape import printable
from factory_engine.events import Event
from factory_engine.fold import fold
from factory_engine.state import RunState
from factory_engine.status import Status
from factory_tui.cli.printers.style import Style, plain
from factory_tui.text.events import Line, is_change, line_of
from factory_tui.text.units import duration

HEARTBEAT_S = 30.0


class Progress:
    """Follows a run's events and shows nothing; `state` is what they come to."""

    interval_s = HEARTBEAT_S

    def __init__(self) -> None:
        self.state = RunState()

    def event(self, event: Event) -> None:
        """Take note of an event."""
        before = self.state
        self.state = fold(before, event)
        self.show(event, before)

    def show(self, event: Event, before: RunState) -> None:
        """Show what became of it."""

    def tick(self) -> None:
        """Called every `interval_s` seconds while the run goes on."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Lines(Progress):
    """A line for each change of a status, and every half minute one that says: still alive.

    Args:
        write: takes a line with its newline.
        paint: colours status words.
        everything: a line for every event instead.
        clock: what the time of a heartbeat is taken from.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        paint: Style = plain,
        *,
        everything: bool = False,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._write = write
        self._paint = paint
        self._everything = everything
        self._clock = clock or Clock()

    def show(self, event: Event, before: RunState) -> None:
        """Print the event's line."""
        if self._everything or is_change(event, before):
            self._print(line_of(event, self.state))

    def tick(self) -> None:
        """Print what is running."""
        if self.state.status is Status.RUNNING:
            now_us = self._clock.now_us()
            time = to_rfc3339(now_us)[11:19]
            self._print(Line(time, "-", "RUNNING", _alive(self.state, now_us)))

    def _print(self, line: Line) -> None:
        word = self._paint(f"{line.word:<8}")
        self._write(f"{line.time} {line.who} {word} {line.text}".rstrip() + "\n")


def _alive(state: RunState, now_us: int) -> str:
    """`launch for 2m03s: A pytest -q, C waiting to try again`."""
    running = [
        f"{printable(worker.letter)} {printable(worker.activity, 60)}".strip()
        for worker in (*state.workers.values(), state.integrator)
        if worker.status is Status.RUNNING
    ]
    took_us = max(0, now_us - from_rfc3339(state.started_at or to_rfc3339(now_us)))
    for_how_long = f"{state.current_stage} for {duration(took_us)}"
    return f"{for_how_long}: {', '.join(running)}" if running else for_how_long
