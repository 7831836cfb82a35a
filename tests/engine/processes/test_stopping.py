"""How a program is stopped: nothing of it lives on, and nothing else is touched."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.clock import Clock
from factory_engine.processes import subreaper
from factory_engine.processes.supervise import run_program
from factory_engine.processes.tree import KILL, TERM, Marker
from tests.engine.processes.programs import (
    DAEMON,
    engine_environment,
    open_files,
    pids,
    program,
    python,
    run,
    run_id,
    run_until,
    running,
    shell,
    until,
    zombies,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are POSIX ones")
linux = pytest.mark.skipif(sys.platform != "linux", reason="rests on adopted orphans")

STUBBORN = "trap '' TERM; echo $$ > pid; while :; do sleep 0.02; done"


async def test_a_program_over_its_time_is_asked_to_stop(tmp_path: Path) -> None:
    line = "trap 'echo bye; exit 7' TERM; while :; do sleep 0.01; done"
    finished = await run(tmp_path, shell(line), timeout_s=0.8)
    assert (finished.reason, finished.rc, finished.needed_kill) == ("timeout", 7, False)
    assert finished.detail == "no end within 0.8 s: stopped"
    assert (tmp_path / "program.log").read_bytes().endswith(b"bye\n")


async def test_a_program_that_ignores_that_is_killed(tmp_path: Path) -> None:
    finished = await run(tmp_path, shell(STUBBORN), timeout_s=0.5, grace_s=0.1)
    assert (finished.reason, finished.rc, finished.needed_kill) == ("timeout", -9, True)
    assert finished.detail == "no end within 0.5 s: stopped; did not stop in 0.1 s: killed"
    assert not running(*pids(tmp_path / "pid"))


async def test_an_agent_can_be_stopped_by_another_signal_first(tmp_path: Path) -> None:
    traps = "trap 'exit 8' INT; trap 'exit 9' TERM"
    line = f"{traps}; echo > ready; while :; do sleep 0.01; done"
    signals = (int(signal.SIGINT), TERM, KILL)
    ready = (tmp_path / "ready").exists
    assert (await run_until(tmp_path, shell(line), ready, stop_signals=signals)).rc == 8


async def test_a_wish_to_stop_brings_the_result_back(tmp_path: Path) -> None:
    stop = asyncio.Event()
    endless = program(tmp_path, shell("echo ready; exec sleep 60"))
    finished = await run_program(endless, lambda _: stop.set(), clock=Clock(), stop=stop)
    assert (finished.reason, finished.detail) == ("cancelled", "stopped on request")
    assert finished.log.bytes_seen == 6


async def test_a_wish_that_comes_first_keeps_the_program_from_starting(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    finished = await run_program(
        program(tmp_path, shell("touch started")), clock=Clock(), stop=stop
    )
    assert finished.reason == "cancelled"
    assert not (tmp_path / "started").exists()


async def test_a_cancel_ends_the_tree_before_it_goes_on(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(tmp_path, shell("sleep 60 & echo $! $$ > pid; wait")))
        await until((tmp_path / "pid").exists)
        await asyncio.sleep(0.02)
        task.cancel()
    assert task.cancelled()
    assert [pid for pid in pids(tmp_path / "pid") if running(pid)] == []


async def test_a_cancel_waits_for_a_program_that_tidies_up(tmp_path: Path) -> None:
    line = "trap 'sleep 0.2; touch tidy; exit' TERM; echo > ready; while :; do sleep 0.01; done"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(tmp_path, shell(line)))
        await until((tmp_path / "ready").exists)
        task.cancel()
    assert (tmp_path / "tidy").exists()


async def test_a_second_cancel_does_not_wait(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(tmp_path, shell(STUBBORN), grace_s=100.0))
        await until((tmp_path / "pid").exists)
        task.cancel()
        await asyncio.sleep(0.1)
        assert not task.done()
        task.cancel()
    assert task.cancelled()
    assert not running(*pids(tmp_path / "pid"))


@pytest.mark.parametrize("delay", [0.0, 0.3], ids=["running", "ending"])
async def test_an_event_loop_that_breaks_down_leaves_nothing_behind(
    tmp_path: Path, delay: float
) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.engine.processes.programs import run, shell, until\n"
        "folder = Path(sys.argv[1])\n"
        "async def main():\n"
        "    async with asyncio.TaskGroup() as group:\n"
        "        task = group.create_task(run(folder, shell(sys.argv[2]), grace_s=0.6))\n"
        "        await until((folder / 'pid').read_text)\n"
        f"        if {delay}: task.cancel()\n"
        f"        asyncio.get_running_loop().call_later({delay}, sys.exit, 5)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    (tmp_path / "pid").touch()
    argv = [sys.executable, "-c", code, str(tmp_path), STUBBORN]
    broken = await asyncio.create_subprocess_exec(*argv, env=engine_environment())
    assert await broken.wait() == 5
    assert not running(*pids(tmp_path / "pid"))


async def test_a_timeout_around_it_counts_as_a_cancel(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await run(tmp_path, shell("echo $$ > pid; sleep 60"))
    assert not running(*pids(tmp_path / "pid"))


async def test_what_a_program_started_in_the_background_is_ended_and_counted(
    tmp_path: Path,
) -> None:
    finished = await run(tmp_path, shell("sleep 60 & sleep 60 & echo $! > pid"))
    assert (finished.reason, finished.rc, finished.left_behind) == ("exited", 0, 2)
    assert not running(*pids(tmp_path / "pid"))


async def test_a_helper_that_ends_a_moment_later_is_not_counted(tmp_path: Path) -> None:
    finished = await run(tmp_path, shell("sleep 0.05 & exit 0"))
    assert finished.left_behind == 0


async def test_a_daemon_in_a_session_of_its_own_is_ended(tmp_path: Path) -> None:
    finished = await run(tmp_path, python(DAEMON + "start('pid')"))
    assert (finished.rc, finished.left_behind, finished.needed_kill) == (0, 1, False)
    assert not running(*pids(tmp_path / "pid"))


async def test_a_daemon_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    finished = await run(tmp_path, python(DAEMON + "start('pid', ignore_term=True)"), grace_s=0.1)
    assert (finished.rc, finished.left_behind, finished.needed_kill) == (0, 1, True)
    assert not running(*pids(tmp_path / "pid"))


async def test_a_daemon_that_holds_the_pipe_does_not_hold_the_end_up(tmp_path: Path) -> None:
    finished = await run(tmp_path, python(DAEMON + "start('pid', silent=False)"))
    assert (finished.reason, finished.left_behind) == ("exited", 1)
    assert not running(*pids(tmp_path / "pid"))


async def test_a_daemon_that_emptied_its_environment_is_found_in_the_workspace(
    tmp_path: Path,
) -> None:
    code = DAEMON + "start('pid', environment={})"
    finished = await run(tmp_path, python(code), workspace=tmp_path)
    assert finished.left_behind == 1
    assert not running(*pids(tmp_path / "pid"))


@linux
async def test_a_daemon_that_emptied_its_environment_and_went_away_is_found_as_an_orphan(
    tmp_path: Path,
) -> None:
    code = DAEMON + "start('pid', environment={}, cwd='/')"
    finished = await run(tmp_path, python(code.replace("'pid'", repr(str(tmp_path / "pid")))))
    assert finished.left_behind == 1
    assert not running(*pids(tmp_path / "pid"))


@linux
async def test_an_orphan_that_nobody_can_tell_apart_waits_for_the_last_program(
    tmp_path: Path,
) -> None:
    code = DAEMON + f"start({str(tmp_path / 'pid')!r}, environment={{}}, cwd='/')"
    other = Marker(run_id(tmp_path), "B_worker")
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        waiting = program(tmp_path, shell("sleep 60"), marker=other, log=tmp_path / "b.log")
        last = group.create_task(run_program(waiting, clock=Clock(), stop=stop))
        await asyncio.sleep(0.02)
        first = await run(tmp_path, python(code))
        assert first.left_behind == 0
        assert running(*pids(tmp_path / "pid"))
        stop.set()
    assert last.result().reason == "cancelled"
    assert not running(*pids(tmp_path / "pid"))


async def test_a_stopped_child_is_woken_to_end(tmp_path: Path) -> None:
    child = "trap 'echo woken; exit' TERM; echo > up; while :; do sleep 0.01; done"
    wait = "while ! [ -e up ]; do sleep 0.01; done"
    line = f"({child}) & {wait}; kill -STOP $!; echo > stopped; wait"
    finished = await run_until(tmp_path, shell(line), (tmp_path / "stopped").exists)
    assert (finished.reason, finished.needed_kill) == ("cancelled", False)
    assert b"woken\n" in (tmp_path / "program.log").read_bytes()


async def test_all_generations_are_ended(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "for _ in range(6):\n"
        "    if os.fork(): break\n"
        "    if _ % 2: os.setsid()\n"
        "print(os.getpid(), file=open('pid', 'a'), flush=True)\n"
        "time.sleep(60)\n"
    )
    (tmp_path / "pid").touch()
    await run_until(tmp_path, python(code), lambda: len(pids(tmp_path / "pid")) == 7)
    assert [pid for pid in pids(tmp_path / "pid") if running(pid)] == []


@linux
@pytest.mark.parametrize("leave", ["", "os.setsid()"], ids=["session", "sessions"])
async def test_a_program_that_forks_on_and_on_is_caught(tmp_path: Path, leave: str) -> None:
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "while True:\n"
        "    if os.fork(): os._exit(0)\n"
        f"    {leave}\n"
        "    with open('pid', 'w') as file: file.write(str(os.getpid()))\n"
        "    time.sleep(0.005)\n"
    )
    finished = await run(tmp_path, python(code), grace_s=0.1)
    assert (finished.rc, finished.survivors) == (0, 0)
    last = (tmp_path / "pid").stat().st_mtime_ns
    await asyncio.sleep(0.05)
    assert (tmp_path / "pid").stat().st_mtime_ns == last


async def test_processes_of_nobody_in_question_are_left_alone(tmp_path: Path) -> None:
    other_run = Marker(run_id(tmp_path) + "2", "A_worker", "work").variables()
    other_step = Marker(run_id(tmp_path), "A_worker", "x").variables()
    neighbours = [
        subprocess.Popen(["sleep", "60"]),
        subprocess.Popen(["sleep", "60"], start_new_session=True),
        subprocess.Popen(["sleep", "60"], start_new_session=True, env={**os.environ, **other_run}),
        subprocess.Popen(["sleep", "60"], start_new_session=True, env={**os.environ, **other_step}),
        # The operator's editor, opened in the workspace.
        subprocess.Popen(
            ["sleep", "60"],
            start_new_session=True,
            cwd=tmp_path,
            env={**os.environ, "DISPLAY": ":0"},
        ),
        # One of the factory's own git processes.
        subprocess.Popen(
            ["sleep", "60"],
            start_new_session=True,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"},
        ),
    ]
    try:
        await run(tmp_path, shell("sleep 60"), timeout_s=0.1, workspace=tmp_path)
        await run(tmp_path, python(DAEMON + "start('pid')"), workspace=tmp_path)
        assert [process.poll() for process in neighbours] == [None] * len(neighbours)
    finally:
        for process in neighbours:
            process.kill()
            process.wait()


async def test_programs_of_one_worker_at_the_same_time_do_not_end_each_other(
    tmp_path: Path,
) -> None:
    # As tox does it: a child in the workspace without the marking variables.
    line = "env -i PATH=$PATH sh -c 'sleep 0.8; touch done'"
    async with asyncio.TaskGroup() as group:
        long = group.create_task(
            run(tmp_path, shell(line), log=tmp_path / "1.log", workspace=tmp_path)
        )
        await asyncio.sleep(0.1)
        short = await run(tmp_path, shell("exit 0"), workspace=tmp_path)
    assert (short.left_behind, long.result().rc, long.result().left_behind) == (0, 0, 0)
    assert (tmp_path / "done").exists()


@linux
async def test_stopping_leaks_neither_files_nor_zombies(tmp_path: Path) -> None:
    await run(tmp_path, python(DAEMON + "start('first')"))
    before, others = open_files(), zombies()
    for number in range(2):
        await run(tmp_path, python(DAEMON + f"start('{number}', silent=False)"))
        await run(tmp_path, shell("sleep 60 & sleep 60"), timeout_s=0.05)
    assert open_files() <= before
    assert zombies() <= others


@linux
async def test_orphans_that_were_never_seen_alive_are_collected_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os\nfor _ in range(5):\n    if not os.fork(): os.setsid(); break"
    await run(tmp_path, python(code))
    monkeypatch.setattr(subreaper, "PATIENCE_S", 0.0)
    await run(tmp_path, shell("exit 0"))
    assert zombies() == set()


@linux
async def test_a_child_of_the_factory_keeps_its_exit_status(tmp_path: Path) -> None:
    own = await asyncio.create_subprocess_exec("sh", "-c", "exit 9", start_new_session=True)
    plain = subprocess.Popen(["sh", "-c", "exit 8"], start_new_session=True)
    await run(tmp_path, python(DAEMON + "start('pid')"))
    assert await own.wait() == 9
    assert plain.wait() == 8
