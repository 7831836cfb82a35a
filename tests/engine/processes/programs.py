"""Programs that misbehave, and the means to run and watch them. Holds no test."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

import factory_engine
from factory_engine.clock import Clock
from factory_engine.processes import table as process_table
from factory_engine.processes.supervise import Finished, Program, run_program
from factory_engine.processes.tree import Marker

# A daemon by the book: two forks and a session of its own. `start` returns when it stands.
DAEMON = """
import os, pathlib, signal, sys, time

def start(pid_file, cwd=None, environment=None, ignore_term=False, silent=True):
    if os.fork():
        while not pathlib.Path(pid_file).exists():
            time.sleep(0.005)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    if ignore_term:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if cwd:
        os.chdir(cwd)
    if silent:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
    half = pathlib.Path(pid_file + ".half")
    half.write_text(str(os.getpid()))
    half.rename(pid_file)
    os.execve("/bin/sleep", ["sleep", "60"], os.environ if environment is None else environment)
"""


def engine_environment() -> dict[str, str]:
    """An environment in which a new Python finds the engine, whatever its folder."""
    path = [str(Path(factory_engine.__file__).parents[1]), *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def shell(line: str) -> tuple[str, ...]:
    """The argv that runs a shell line."""
    return ("sh", "-c", line)


def python(code: str, *arguments: str) -> tuple[str, ...]:
    """The argv that runs Python code."""
    return (sys.executable, "-S", "-c", code, *arguments)


def run_id(folder: Path) -> str:
    """A run id that no other execution of these tests has, on this machine, at this time."""
    return f"run-in-{folder}"


def program(folder: Path, argv: tuple[str, ...], **changes: Any) -> Program:
    """A program in `folder`, logged beside it, with short times."""
    made = Program(
        argv=argv,
        cwd=folder,
        env=dict(os.environ),
        log=folder / "program.log",
        marker=Marker(run_id(folder), "A_worker", "work"),
        timeout_s=30.0,
        grace_s=2.0,
    )
    return replace(made, **changes)


async def run(
    folder: Path,
    argv: tuple[str, ...],
    on_output: Callable[[bytes], None] | None = None,
    **changes: Any,
) -> Finished:
    """Runs `program(folder, argv, **changes)` to its end."""
    return await run_program(program(folder, argv, **changes), on_output, clock=Clock())


async def run_until(
    folder: Path, argv: tuple[str, ...], ready: Callable[[], object], **changes: Any
) -> Finished:
    """Runs a program and asks it to stop as soon as `ready` is true."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            run_program(program(folder, argv, **changes), clock=Clock(), stop=stop)
        )
        await until(ready)
        stop.set()
    return task.result()


async def until(condition: Callable[[], object]) -> None:
    """Waits for `condition`, twenty seconds at most."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        await asyncio.sleep(0.005)


def pids(*files: Path) -> list[int]:
    """The pids that programs wrote to `files`."""
    return [int(pid) for file in files for pid in file.read_text().split()]


def running(pid: int) -> bool:
    """True if there is such a process and it has not ended."""
    try:
        return process_table.alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def open_files() -> int:
    """How many file descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))


def zombies() -> set[int]:
    """Ended children of this process that nobody has waited for."""
    found = process_table.rows(psutil.Process().children()).values()
    return {row.process.pid for row in found if row.ended}
