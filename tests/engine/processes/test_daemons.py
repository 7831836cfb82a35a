"""Daemons that leave environment, folder, session and terminal behind end with their program."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from factory_engine.processes.marker import Marker
from factory_engine.processes.record import SUFFIX, note, noted_below
from factory_engine.processes.tree import end_tree
from tests.engine.processes.programs import engine_environment, pids, python, run, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="rests on adopted orphans")

DAEMON = """
import fcntl, os, pathlib, sys, termios, time
pid_file, how = sys.argv[1], sys.argv[2]
environment = {"HOME": "/root", "PATH": "/bin"} if "home" in how else {}
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    if "session" in how:
        os.setsid()
    if "terminal" in how:
        os.setsid()
        master, slave = os.openpty()
        os.set_inheritable(master, True)
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
    os.chdir("/")
    half = pathlib.Path(pid_file + ".half")
    half.write_text(str(os.getpid()))
    half.rename(pid_file)
    deaf = 'trap "" TERM HUP INT QUIT; while :; do sleep 0.2; done'
    os.execve("/bin/sh", ["sh", "-c", deaf if "deaf" in how else "sleep 60"], environment)
while not pathlib.Path(pid_file).exists():
    time.sleep(0.005)
"""

KINDS = [
    "plain",
    "session",
    "terminal",
    "terminal deaf",
    "terminal home",
    "session home deaf",
]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_ends_with_its_program(tmp_path: Path, kind: str) -> None:
    finished = await run(tmp_path, python(DAEMON, str(tmp_path / "pid"), kind))
    assert finished.left_behind >= 1
    assert not running(*pids(tmp_path / "pid"))
    assert list(tmp_path.rglob(f"*{SUFFIX}")) == []


FACTORY = """
import asyncio, sys
from pathlib import Path
from factory_engine.clock import Clock
from factory_engine.processes.marker import Marker
from factory_engine.processes.supervise import Program, run_program
folder = Path(sys.argv[1])
program = Program(
    argv=(sys.executable, "-S", "-c", sys.argv[2] + "\\ntime.sleep(60)", *sys.argv[3:]),
    cwd=folder, env={}, log=folder / "live/A/agent.log", marker=Marker("killed"),
)
asyncio.run(run_program(program, clock=Clock()))
"""


@pytest.mark.parametrize("kind", KINDS)
async def test_the_next_factory_ends_it_where_the_first_was_killed(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / "live/A").mkdir(parents=True)
    argv = [sys.executable, "-c", FACTORY, str(tmp_path), DAEMON, str(tmp_path / "pid"), kind]
    with subprocess.Popen(argv, env=engine_environment()) as factory:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            daemon = pids(tmp_path / "pid") if (tmp_path / "pid").exists() else []
            noted = {process.pid for process in noted_below(tmp_path / "live")}
            if daemon and set(daemon) <= noted:
                break
            await asyncio.sleep(0.05)
        factory.send_signal(signal.SIGKILL)
        factory.wait()
    assert running(*daemon)
    known = noted_below(tmp_path / "live")
    await end_tree(None, Marker("killed"), None, grace_s=0.2, known=known)
    assert not running(*daemon)


def test_a_number_that_is_a_strangers_by_now_is_passed_over(tmp_path: Path) -> None:
    note(tmp_path / f"x{SUFFIX}", [psutil.Process()])
    assert {process.pid for process in noted_below(tmp_path)} == {os.getpid()}
    (tmp_path / f"x{SUFFIX}").write_text(json.dumps([[os.getpid(), 12345.0], [1, 1.0]]))
    assert noted_below(tmp_path) == set()


@pytest.mark.parametrize("content", ["", "[]", "{}", "[[1]]", '[["x", 1]]', "[[1e400, 1]]", "null"])
def test_a_note_that_makes_no_sense_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / f"x{SUFFIX}").write_text(content)
    assert noted_below(tmp_path) == set()
