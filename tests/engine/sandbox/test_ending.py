"""Nothing of a confined program outlives it, nor the factory that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from factory_engine.clock import Clock
from factory_engine.processes.supervise import run_program
from factory_engine.sandbox import Layer
from tests.engine.processes.programs import DAEMON, engine_environment, until
from tests.engine.sandbox.places import Places, marked_pids, python

_SUPERVISOR = """
import asyncio, pickle, sys
from factory_engine.processes.supervise import run_program
from factory_engine.clock import Clock
asyncio.run(run_program(pickle.load(sys.stdin.buffer), clock=Clock()))
"""
_HIDING = (
    DAEMON
    + """
start("daemon", environment={})
if sys.argv[1] == "stay":
    time.sleep(60)
"""
)


def _working_in(folder: Path) -> list[psutil.Process]:
    """Processes in this folder, with or without a mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(folder)):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _whole(layer: Layer) -> Layer:
    if not layer.own_processes:
        pytest.skip("no process namespace can be made here")
    return layer


async def test_a_daemon_that_hides_ends_with_its_program(layer: Layer, places: Places) -> None:
    finished = await places.run(_whole(layer), python(_HIDING, "go"))
    assert (finished.reason, finished.rc, finished.survivors) == ("exited", 0, 0)
    assert (places.tree / "daemon").exists()
    assert _working_in(places.tree) == []


@pytest.mark.parametrize("processes", [True, False])
async def test_a_daemon_that_hides_ends_when_the_program_is_stopped(
    layer: Layer, places: Places, processes: bool
) -> None:
    kind = replace(layer, own_processes=processes and layer.own_processes)
    stop = asyncio.Event()
    made = places.program(kind, python(_HIDING, "stay"), workspace=places.tree)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_program(made, clock=Clock(), stop=stop))
        await until((places.tree / "daemon").exists)
        assert _working_in(places.tree)
        stop.set()
    assert (task.result().reason, task.result().survivors) == ("cancelled", 0)
    assert _working_in(places.tree) == []


async def test_a_program_that_ignores_polite_signals_is_killed(
    any_layer: Layer, places: Places
) -> None:
    line = "trap '' TERM; sleep 60"
    finished = await places.run(any_layer, ("sh", "-c", line), timeout_s=0.5, grace_s=0.2)
    assert (finished.reason, finished.needed_kill, finished.survivors) == ("timeout", True, 0)


async def test_nothing_is_left_when_the_factory_is_killed(layer: Layer, places: Places) -> None:
    import pickle

    made = places.program(_whole(layer), python(_HIDING, "stay"))
    supervisor = subprocess.Popen(
        [sys.executable, "-c", _SUPERVISOR], stdin=subprocess.PIPE, env=engine_environment()
    )
    assert supervisor.stdin
    supervisor.stdin.write(pickle.dumps(made))
    supervisor.stdin.close()
    try:
        await until((places.tree / "daemon").exists)
        assert _working_in(places.tree)
    finally:
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
    await until(lambda: not _working_in(places.tree))
    assert marked_pids(made.marker.run_id) == {}


async def test_processes_inside_see_only_themselves(layer: Layer, places: Places) -> None:
    code = "import os; print(sorted(p for p in os.listdir('/proc') if p.isdigit()), os.getpid())"
    await places.run(_whole(layer), python(code))
    listed, own = places.log.read_text().rsplit(" ", 1)
    assert listed.count("'") <= 6
    assert int(own) < 10


async def test_nothing_outside_can_be_signalled(layer: Layer, places: Places) -> None:
    victim = subprocess.Popen(["sleep", "60"])
    try:
        await places.shell(_whole(layer), f"kill -9 {victim.pid} 2>/dev/null")
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()
