"""Finding the processes of a run, also those that a killed factory left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from factory_engine.processes import table as process_table
from factory_engine.processes.table import Row
from factory_engine.processes.tree import (
    Ended,
    Marker,
    ProcessTree,
    descendants,
    end_tree,
    marked,
)
from factory_engine.sandbox import NONE, Confinement, View, mounting, wrap
from tests.engine.processes.programs import (
    DAEMON,
    engine_environment,
    pids,
    python,
    run_id,
    running,
    until,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are POSIX ones")
linux = pytest.mark.skipif(sys.platform != "linux", reason="rests on pseudo-terminals or orphans")

SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from factory_engine.processes.tree import Marker
from factory_engine.processes.supervise import Program, run_program
from factory_engine.clock import Clock

folder, code = Path(sys.argv[1]), sys.argv[2]
asyncio.run(run_program(
    Program((sys.executable, "-S", "-c", code), folder, dict(os.environ), folder / "x.log",
            Marker(sys.argv[3], "A_worker", "work"), workspace=folder),
    clock=Clock(),
))
"""


@contextmanager
def sleeping(marker: Marker | None = None, **options: object) -> Iterator[int]:
    """A process that sleeps, marked or not; yields its pid."""
    environment = {**os.environ, **(marker.variables() if marker else {})}
    options = {"env": environment, "start_new_session": True, **options}
    process = subprocess.Popen(["sleep", "60"], **options)  # type: ignore[call-overload]
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_marked_finds_the_processes_of_a_run_and_of_a_worker(tmp_path: Path) -> None:
    run = run_id(tmp_path)
    a, b = Marker(run, "A_worker"), Marker(run, "B_worker", "unit")
    with sleeping(a) as of_a, sleeping(b) as of_b, sleeping(Marker(run + "2")):
        assert marked(run) == sorted([of_a, of_b])
        assert marked(run, "A_worker") == [of_a]
        assert marked(run, "C_worker") == []


def test_marked_never_names_the_one_who_asks_or_its_ancestors(tmp_path: Path) -> None:
    run = run_id(tmp_path)
    ask = f"from factory_engine.processes.tree import marked; print(marked('{run}'))"
    line = f'sleep 60 & echo $!; "{sys.executable}" -c "{ask}"; kill $!'
    nested = {**engine_environment(), **Marker(run).variables()}
    answer = subprocess.run(["sh", "-c", line], env=nested, capture_output=True, text=True)
    sibling, found = answer.stdout.splitlines()
    assert found == f"[{sibling}]"


async def test_descendants_are_found_over_generations(tmp_path: Path) -> None:
    line = "(sleep 60 & echo $! > inner; wait) & echo $! > outer; wait"
    with subprocess.Popen(["sh", "-c", line], cwd=tmp_path, start_new_session=True) as process:
        await until(lambda: (tmp_path / "inner").exists() and (tmp_path / "outer").exists())
        await until(lambda: (tmp_path / "inner").read_text() and (tmp_path / "outer").read_text())
        found = descendants(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
    assert found == sorted(pids(tmp_path / "inner", tmp_path / "outer"))


async def test_what_a_killed_factory_left_is_found_and_ended_by_the_next(tmp_path: Path) -> None:
    code = DAEMON + "start('daemon'); start('hidden', environment={})\n"
    code += "open('main', 'w').write(str(os.getpid())); time.sleep(60)"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path), code, run_id(tmp_path)],
        env=engine_environment(),
    )
    await until((tmp_path / "main").exists)
    await until((tmp_path / "main").read_text)
    supervisor.kill()
    supervisor.wait()
    left = pids(tmp_path / "daemon", tmp_path / "main", tmp_path / "hidden")
    assert [running(pid) for pid in left] == [True, True, True]
    assert marked(run_id(tmp_path)) == sorted(left[:2])
    ended = await end_tree(None, Marker(run_id(tmp_path)), tmp_path, 2.0)
    assert ended == Ended(left_behind=3, needed_kill=False, survivors=0)
    assert [running(pid) for pid in left] == [False, False, False]


@pytest.mark.skipif(
    not mounting(Path(tempfile.gettempdir()), Path(tempfile.gettempdir())).mounts,
    reason="nothing can be mounted here",
)
async def test_what_hides_is_known_by_what_is_mounted_where_it_lives(tmp_path: Path) -> None:
    """Its folder has the name of the operator's own, and its environment is empty."""
    at, own, code = (
        tmp_path / "at",
        tmp_path / "own",
        f"{DAEMON}\nstart(sys.argv[1], environment={{}})",
    )
    for folder in (at, own):
        folder.mkdir()
    mine, other = f"factory/{run_id(tmp_path)}/A/", f"factory/{run_id(tmp_path)}/B/"
    argv = python(code, str(tmp_path / "hidden"))
    view = View(at, own, mark=mine)
    subprocess.run(wrap(argv, Confinement(), NONE, view=view, cwd=at), cwd=at, check=True)
    (hidden,) = pids(tmp_path / "hidden")
    # beside another program an orphan is nobody's for certain
    with ProcessTree(Marker("another")), sleeping(cwd=at, env={}) as operators:
        for mounts in ("", other):
            await end_tree(None, Marker(run_id(tmp_path)), None, 2.0, mounts=mounts)
        assert running(hidden)
        ended = await end_tree(None, Marker(run_id(tmp_path)), None, 2.0, mounts=mine)
        assert ended == Ended(left_behind=1, needed_kill=False, survivors=0)
        assert (running(hidden), running(operators)) == (False, True)


async def test_ending_nothing_is_nothing(tmp_path: Path) -> None:
    assert await end_tree(None, Marker(run_id(tmp_path)), tmp_path, 2.0) == Ended(0, False, 0)


async def test_no_grace_means_kill_at_once(tmp_path: Path) -> None:
    with sleeping(Marker(run_id(tmp_path))) as pid:
        ended = await end_tree(pid, Marker(run_id(tmp_path)), None, 0)
        assert ended == Ended(left_behind=0, needed_kill=True, survivors=0)
        assert not running(pid)


@linux
async def test_a_shell_of_the_operator_in_the_workspace_is_left_alone(tmp_path: Path) -> None:
    leader, follower = os.openpty()
    code = (
        "import fcntl, os, sys, termios, time\n"
        "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "open('ready', 'w'); time.sleep(60)"
    )
    shell = subprocess.Popen(python(code), cwd=tmp_path, stdin=follower, env={})
    try:
        await until((tmp_path / "ready").exists)
        await end_tree(None, Marker(run_id(tmp_path)), tmp_path, 0.1)
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.wait()
        os.close(leader)
        os.close(follower)


def test_a_process_that_got_the_pid_of_a_dead_one_is_not_taken_for_it() -> None:
    with sleeping() as pid:
        tree = ProcessTree(Marker("no-run"), None, pid)
        with sleeping() as other:
            stranger = psutil.Process(other)
            row = Row(stranger, parent=1, session=0, ended=False)
            assert tree.family({pid: row}) == set()
        row = Row(psutil.Process(pid), parent=1, session=0, ended=False)
        assert tree.family({pid: row}) == {pid}


def test_a_removed_folder_still_counts_as_the_place_of_a_process(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    with sleeping(cwd=folder) as pid:
        folder.rmdir()
        assert process_table.works_in(psutil.Process(pid), folder)
        assert not process_table.works_in(psutil.Process(pid), tmp_path / "other")
