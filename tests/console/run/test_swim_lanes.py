"""A run as lanes of time."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.events import Event
from factory_engine.ledger import read_events
from factory_tui.console.run.swim_lanes import lanes_of
from tests.console import builders as b


def events_of(tmp_path: Path, steps: list[b.Step]) -> list[Event]:
    return list(read_events(b.write_run(tmp_path, steps).ledger))


def drawn(cells: tuple[tuple[str, str], ...]) -> str:
    return "".join(cell for cell, _ in cells)


def test_a_lane_begins_runs_and_ends(tmp_path: Path) -> None:
    steps: list[b.Step] = [
        (0, b.created("AB")),
        (0, b.stage("launch")),
        (2, b.started("A")),
        (2, b.started("B")),
        (6, b.finished("A")),
        (8, b.finished("B", "BLOCKED", "no")),
    ]
    found = lanes_of(events_of(tmp_path, steps), b.START_US + 10 * b.SECOND, 40)
    assert [(lane.who, drawn(lane.cells)) for lane in found.lanes] == [
        ("A", "..━━━━✓..."),
        ("B", "..━━━━━━▲."),
    ]
    assert found.step == "1.0s"
    assert found.stages == "l"


def test_a_worker_that_still_runs_reaches_the_end(tmp_path: Path) -> None:
    found = lanes_of(events_of(tmp_path, b.underway()), b.START_US + 760 * b.SECOND, 50)
    lanes = {lane.who: drawn(lane.cells) for lane in found.lanes}
    assert lanes["B"].endswith("━━━")
    assert lanes["C"].rstrip(".").endswith("▲")


@pytest.mark.parametrize("width", [4, 10, 37, 150])
@pytest.mark.parametrize("seconds", [1, 76, 7200, 400_000])
def test_lanes_never_are_wider_than_their_room(tmp_path: Path, width: int, seconds: int) -> None:
    found = lanes_of(events_of(tmp_path, b.blocked()), b.START_US + seconds * b.SECOND, width)
    assert all(len(lane.cells) <= width for lane in found.lanes)


def test_nothing_has_no_lanes() -> None:
    assert lanes_of([], 0, 80).lanes == ()
