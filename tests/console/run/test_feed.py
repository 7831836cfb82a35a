"""Events of a run on their way to the screens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from factory_engine.events import Draft
from factory_engine.run_folder import RunFolder
from factory_engine.run_lock import hold
from factory_engine.status import Status
from factory_tui.console.run import feed as feeding
from factory_tui.console.run.feed import Feed
from tests.console import builders as b
from tests.support.event_json import anything


@contextlib.asynccontextmanager
async def following(folder: RunFolder, clock: b.SteppingClock) -> AsyncIterator[Feed]:
    feed = Feed(folder, clock, local=True)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(feed.run(lambda: None))
        try:
            yield feed
        finally:
            task.cancel()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_finished_run_is_read_to_its_end(tmp_path: Path, clock: b.SteppingClock) -> None:
    folder = b.write_run(tmp_path, b.blocked())
    async with following(folder, clock) as feed:
        await until(lambda: feed.view().loaded)
        view = feed.view()
        assert view.state.status is Status.BLOCKED
        assert len(view.events) == view.state.last_seq == len(b.blocked())
        assert not view.live


async def test_a_run_that_begins_later_is_waited_for(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = RunFolder(tmp_path / "later")
    async with following(folder, clock) as feed:
        await asyncio.sleep(0.05)
        assert not feed.view().loaded
        b.write_run(tmp_path, b.blocked(), "later")
        await until(lambda: feed.view().state.status is Status.BLOCKED)


async def test_events_of_a_second_command_come_after_a_pause(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.blocked())
    async with following(folder, clock) as feed:
        await until(lambda: feed.view().loaded)
        b.append(folder, [(100, b.stage("integrate")), (101, b.stage("integrate", "PASS"))])
        await until(lambda: feed.view().state.stage("integrate").status is Status.PASS)
        assert [event.seq for event in feed.view().events] == list(range(1, 27))


async def test_the_driver_is_named_while_it_lives(tmp_path: Path, clock: b.SteppingClock) -> None:
    folder = b.write_run(tmp_path, b.underway())
    async with following(folder, clock) as feed:
        with hold(folder.work, "oneshot"):
            await until(lambda: feed.view().loaded)
            driver = feed.view().driver
            assert driver is not None
            assert driver.command == "oneshot"
        assert feed.view().driver is None


async def test_a_broken_ledger_is_shown_up_to_the_break(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    folder = b.write_run(tmp_path, b.underway())
    with folder.ledger.open("ab") as file:
        file.write(b"nonsense\n")
    async with following(folder, clock) as feed:
        await until(lambda: feed.view().problem)
        assert feed.view().state.workers["A_worker"].files == 7


async def test_an_event_without_its_details_is_a_problem_and_no_crash(
    tmp_path: Path, clock: b.SteppingClock
) -> None:
    odd = Draft(anything("stage.started", {}))
    folder = b.write_run(tmp_path, [(0, b.created()), (1, odd)])
    async with following(folder, clock) as feed:
        await until(lambda: feed.view().problem)
        assert feed.view().problem == "line 2 of type stage.started `stage` is missing"


async def test_only_the_newest_events_stay_in_memory(
    tmp_path: Path, clock: b.SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "KEPT", 400)
    steps: list[b.Step] = [(0, b.created()), (1, b.started("A"))]
    steps += [(2, b.activity("A", str(number))) for number in range(1200)]
    folder = b.write_run(tmp_path, steps)
    async with following(folder, clock) as feed:
        await until(lambda: feed.view().loaded)
        view = feed.view()
        assert view.dropped + len(view.events) == 1202
        assert len(view.events) <= 700
        assert view.events[-1].seq == 1202
