"""A run as lanes of time: when each worker ran, and how it ended.

Owns the scale and the cells. Pure: events in, text out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from factory_engine.events import (
    BundleJudged,
    Event,
    IntegrationJudged,
    RunInterrupted,
    StageStarted,
    WorkerFinished,
    WorkerStarted,
)
from factory_tui.text.glyphs import DisplayStatus, glyphs
from factory_tui.text.units import SECOND_US, clock_us, short

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400)


@dataclass(frozen=True)
class Lane:
    """One lane: whose, and its cells with the name of each cell's style."""

    who: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lanes:
    """All lanes, the time of one cell in words, and where stages began."""

    step: str
    lanes: tuple[Lane, ...]
    stages: str


def lanes_of(events: Iterable[Event], end_us: int, width: int) -> Lanes:
    """Lanes of at most `width` cells for a run that ended, or is now, at `end_us`."""
    known = list(events)
    if not known or width < 4:
        return Lanes("", (), "")
    start = clock_us(known[0].ts_utc)
    span = max(SECOND_US, end_us - start)
    least = span / SECOND_US / width
    step = next((s for s in _STEPS if s >= least), ceil(least)) * SECOND_US
    scale = _Scale(start, step, min(width, ceil(span / step)))
    spans, ends, stages = _collected(known, scale)
    lanes = tuple(_lane(who, spans[who], ends.get(who), scale) for who in sorted(spans))
    return Lanes(short(step), lanes, stages)


@dataclass(frozen=True)
class _Scale:
    start: int
    step: int
    width: int

    def cell(self, event: Event) -> int:
        return min(self.width - 1, max(0, (clock_us(event.ts_utc) - self.start) // self.step))


_Spans = dict[str, list[list[int]]]


def _collected(events: list[Event], scale: _Scale) -> tuple[_Spans, dict[str, DisplayStatus], str]:
    spans: _Spans = {}
    ends: dict[str, DisplayStatus] = {}
    stages = [" "] * scale.width
    for event in events:
        cell, actor = scale.cell(event), event.actor[:1]
        match event.details:
            case WorkerStarted():
                spans.setdefault(actor, []).append([cell, scale.width])
            case StageStarted(stage=stage):
                stages[cell] = stage[:1]
                if stage == "integrate":
                    spans.setdefault("Z", []).append([cell, scale.width])
            case BundleJudged(status=status):
                ends[actor] = DisplayStatus(status)
            case WorkerFinished(status=status) | IntegrationJudged(status=status):
                ends[actor] = DisplayStatus(status)
                if spans.get(actor):
                    spans[actor][-1][1] = cell
            case RunInterrupted():
                for open_spans in spans.values():
                    open_spans[-1][1] = min(open_spans[-1][1], cell)
    return spans, ends, "".join(stages).rstrip()


def _lane(who: str, spans: list[list[int]], end: DisplayStatus | None, scale: _Scale) -> Lane:
    cells = [(".", "dim")] * scale.width
    running = "=" if glyphs().rule == "-" else "━"
    for start, stop in spans:
        for cell in range(start, min(stop + 1, scale.width)):
            cells[cell] = (running, DisplayStatus.RUNNING.paint)
    if end is not None and spans and spans[-1][1] < scale.width:
        cells[spans[-1][1]] = (glyphs().status[end], end.paint)
    return Lane(who, tuple(cells))
