"""A program that takes too much is stopped at once, with what it took in words."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import psutil
import pytest

from factory_engine.processes import resource_monitor
from factory_engine.processes import tree as process_tree
from factory_engine.processes.marker import Marker
from factory_engine.processes.program import Limits
from factory_engine.processes.resource_monitor import ResourceMonitor, used
from factory_engine.processes.tree import ProcessTree, marked
from tests.engine.processes.programs import python, run, run_id, shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are POSIX ones")

MEGABYTE = 1 << 20
_FILLS = """
import os, time
with open("large", "wb", buffering=0) as file:
    for _ in range(600):
        file.write(os.urandom(1 << 20))
        time.sleep(0.01)
"""


class Counted(ProcessTree):
    """A program of so many processes, and what was done to it."""

    def __init__(self, number: int) -> None:
        super().__init__(Marker("run", "A_worker"))
        self.number = number
        self.done: list[str] = []

    def freeze(self) -> None:
        self.done.append("freeze")

    def thaw(self) -> None:
        self.done.append("thaw")

    def count(self) -> int:
        self.done.append("count")
        return self.number


@pytest.mark.parametrize(
    ("gained", "number", "done"),
    [
        (4, 4, []),
        (5, 5, ["count"]),
        (40, 11, ["count"]),
        (41, 11, ["freeze", "count"]),
        (41, 10, ["freeze", "count", "thaw"]),
    ],
)
def test_far_too_many_are_stopped_before_they_are_counted(
    monkeypatch: pytest.MonkeyPatch, gained: int, number: int, done: list[str]
) -> None:
    tree = Counted(number)
    measure = ResourceMonitor(Limits(processes=10), tree)
    now = psutil.pids()
    monkeypatch.setattr(psutil, "pids", lambda: [*now, *range(gained)])
    monkeypatch.setattr(measure, "_processes", len(now))
    assert bool(measure.exceeded()) is (number > 10)
    assert tree.done == done


async def test_what_takes_the_last_process_number_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio, "to_thread", no_thread)
    line = "trap '' TERM; while true; do sleep 60 & sleep 0.01; done"
    finished = await run(tmp_path, shell(line), limits=Limits(processes=10))
    assert (finished.reason, finished.survivors) == ("limit", 0)
    assert marked(run_id(tmp_path)) == []


async def test_a_bomb_that_is_stopped_politely_gets_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ResourceMonitor, "exceeded", lambda _: ""
    )  # it had not become too many by then
    line = "trap '' TERM; echo x; while true; do sleep 60 & sleep 0.01; done"
    limits = Limits(processes=10)
    program = run(tmp_path, shell(line), limits=limits, timeout_s=0.5, grace_s=3600.0)
    finished = await asyncio.wait_for(program, 60)
    assert (finished.reason, finished.survivors) == ("timeout", 0)


async def test_a_program_that_starts_processes_without_end_is_stopped(tmp_path: Path) -> None:
    line = "trap '' TERM; while true; do sleep 60 & done"
    finished = await run(tmp_path, shell(line), limits=Limits(processes=40), timeout_s=20)
    assert (finished.reason, finished.survivors) == ("limit", 0)
    assert finished.detail == "more than 40 processes at once (run.max_processes): stopped"
    assert marked(run_id(tmp_path)) == []


async def test_what_forks_on_and_on_is_stopped_before_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[set[psutil.Process]] = []
    look = ProcessTree.look

    def slow_look(tree: ProcessTree) -> set[psutil.Process]:
        found = look(tree)
        looks.append(found)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(ProcessTree, "look", slow_look)
    line = "trap '' TERM; while true; do sleep 60 & sleep 0.01; done"
    finished = await run(tmp_path, shell(line), limits=Limits(processes=10))
    assert (finished.reason, finished.survivors) == ("limit", 0)
    assert looks[0]
    assert set.union(*looks) <= looks[0]


async def test_all_are_killed_once_however_long_the_search_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_tree, "_KILL_S", 0.0)
    line = "trap '' TERM; while true; do sleep 60 & sleep 0.01; done"
    await run(tmp_path, shell(line), limits=Limits(processes=10))
    assert marked(run_id(tmp_path)) == []


async def test_many_processes_one_after_the_other_are_not_too_many(tmp_path: Path) -> None:
    line = "for i in 1 2 3 4 5 6 7 8; do true & done; wait; sleep 0.6"
    finished = await run(tmp_path, shell(line), limits=Limits(processes=4))
    assert finished.rc == 0


async def test_a_program_that_fills_its_folder_is_stopped(tmp_path: Path) -> None:
    limits = Limits(disk_bytes=16 * MEGABYTE, folders=(tmp_path,))
    finished = await run(tmp_path, python(_FILLS), limits=limits)
    assert (finished.reason, finished.survivors) == ("limit", 0)
    assert finished.detail == "more than 16,777,216 bytes on disk (run.max_disk_bytes): stopped"
    assert (tmp_path / "large").stat().st_size < 590 * MEGABYTE


def test_what_fills_the_disk_is_noticed_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = ResourceMonitor(Limits(folders=(tmp_path,)), Counted(1))
    monkeypatch.setattr(resource_monitor, "RESERVE_BYTES", 2 * MEGABYTE)
    monkeypatch.setattr(resource_monitor, "_free", lambda _: MEGABYTE)
    assert measure.exceeded() == ""
    (tmp_path / "large").write_bytes(bytes(3 * MEGABYTE))
    assert measure.exceeded() == "the disk was almost full of what it wrote"


def test_a_hole_in_a_file_takes_no_room(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 40)
    assert used([tmp_path, tmp_path / "missing"]) < MEGABYTE


def test_a_program_without_limits_may_take_anything(tmp_path: Path) -> None:
    assert ResourceMonitor(Limits(), Counted(10**6)).exceeded() == ""
