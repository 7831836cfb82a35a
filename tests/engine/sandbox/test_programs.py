"""A confined program starts, talks and ends as one that is not."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from factory_engine.clock import Clock
from factory_engine.sandbox import NONE, Layer, plain_rc, wrap
from tests.engine.processes.programs import until
from tests.engine.sandbox.places import Places, marked_pids, python


@pytest.mark.parametrize("rc", [0, 3, 255])
async def test_the_exit_code_is_the_programs(any_layer: Layer, places: Places, rc: int) -> None:
    finished = await places.run(any_layer, ("sh", "-c", f"exit {rc}"))
    assert (finished.reason, finished.rc, finished.left_behind) == ("exited", rc, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
async def test_an_end_by_a_signal_shows(any_layer: Layer, places: Places, number: int) -> None:
    finished = await places.run(any_layer, ("sh", "-c", f"kill -{int(number)} $$"))
    assert plain_rc(finished.rc, any_layer) == -number
    assert not list(places.tree.glob("core*"))


async def test_input_arguments_and_folder_arrive(any_layer: Layer, places: Places) -> None:
    argv = ("sh", "-c", 'cat; pwd; printf "[%s]" "$@"', "sh", "", "--", "a b", "'\"", "ü")
    await places.run(any_layer, argv, stdin=b"in\n")
    said = places.log.read_text()
    assert said == f"in\n{os.path.realpath(places.tree)}\n[][--][a b]['\"][ü]"


async def test_the_environment_is_the_same_as_without_a_layer(
    any_layer: Layer, places: Places
) -> None:
    changed = {"LC_ALL": "", "LC_CTYPE": "", "LANG": "", "A": "1"}
    names = {"_", "PWD", "OLDPWD", "SHLVL", "TMPDIR", "TMP", "TEMP"}
    made = places.program(any_layer, ("env", "-0"), env=changed)
    await places.run(any_layer, ("env", "-0"), env=changed)
    entries = (entry.partition("=") for entry in places.log.read_text().split("\0") if entry)
    seen = {name: value for name, _, value in entries if name not in names}
    wanted = {**made.env, **made.marker.variables()}
    assert seen == {name: value for name, value in wanted.items() if name not in names}


async def test_there_is_no_terminal(any_layer: Layer, places: Places) -> None:
    assert await places.shell(any_layer, "(: </dev/tty) 2>/dev/null || echo none") == "none\n"


@pytest.mark.parametrize("name", ["no-such-program", "./no-such-program", "/no/such/program"])
async def test_a_missing_program_is_told_in_the_usual_words(
    any_layer: Layer, places: Places, name: str
) -> None:
    finished = await places.run(any_layer, (name, "x"))
    assert (finished.reason, finished.rc) == ("not_started", 127)
    assert finished.detail == f"program not found: {name}"


async def test_a_program_that_turns_out_missing_inside_answers_as_in_a_shell(
    layer: Layer, places: Places
) -> None:
    script = places.tree / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    finished = await places.run(layer, ("./script",))
    assert finished.rc == 127
    assert "./script" in places.log.read_text()


async def test_tools_that_lie_in_tmp_or_on_the_path_still_run(layer: Layer, places: Places) -> None:
    tool = places.root / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho ran\n")
    tool.chmod(0o755)
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
    if ":" not in str(tool.parent):  # no PATH can name it
        await places.run(layer, ("tool",), env={"PATH": path})
        assert places.log.read_text() == "ran\n"
    await places.run(layer, (str(tool),))
    assert places.log.read_text() == "ran\n"


async def test_an_interpreter_and_its_libraries_still_work(layer: Layer, places: Places) -> None:
    await places.run(layer, (sys.executable, "-c", "import psutil, ssl; print('ok')"))
    assert places.log.read_text() == "ok\n"


async def test_every_process_inside_carries_the_mark_outside(
    any_layer: Layer, places: Places
) -> None:
    import asyncio

    from factory_engine.processes.supervise import run_program

    stop = asyncio.Event()
    line = "sleep 60 & sleep 61 & echo >ready; wait"
    made = places.program(any_layer, ("sh", "-c", line))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_program(made, clock=Clock(), stop=stop))
        await until((places.tree / "ready").exists)
        await until(lambda: list(marked_pids(made.marker.run_id).values()).count("sleep") == 2)
        stop.set()
    assert (task.result().survivors, marked_pids(made.marker.run_id)) == (0, {})


async def test_a_polite_signal_reaches_the_program_and_leaves_it_time(
    any_layer: Layer, places: Places
) -> None:
    import asyncio

    from factory_engine.processes.supervise import run_program

    stop = asyncio.Event()
    code = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.2)
    pathlib.Path("said").write_text("goodbye")
    sys.exit(7)
signal.signal(signal.SIGTERM, end)
pathlib.Path("ready").touch()
time.sleep(60)
"""
    made = places.program(any_layer, python(code))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_program(made, clock=Clock(), stop=stop))
        await until((places.tree / "ready").exists)
        stop.set()
    finished = task.result()
    assert (places.tree / "said").read_text() == "goodbye"
    assert (finished.reason, finished.rc, finished.needed_kill) == ("cancelled", 7, False)


async def test_signals_have_their_defaults_inside(any_layer: Layer, places: Places) -> None:
    said = await places.shell(any_layer, "grep SigIgn /proc/self/status")
    # signals 1 to 31; those above are the C library's, and come ignored from some callers
    assert int(said.split()[1], 16) & 0x7FFFFFFF == 0


def test_nothing_is_wrapped_where_there_is_no_layer(places: Places) -> None:
    argv = ("sh", "-c", "true")
    assert wrap(argv, places.confinement(), NONE) == argv
    assert wrap((), places.confinement(), NONE) == ()


def test_only_bubblewrap_answers_like_a_shell() -> None:
    wrapped = Layer("bubblewrap", "bwrap")
    assert [plain_rc(rc, wrapped) for rc in (0, 128, 137, 192, 193, -9)] == [
        *(0, 128, -9, -64, 193, -9),
    ]
    assert plain_rc(137, NONE) == 137


def test_a_folder_is_no_program(tmp_path: Path, bubblewrap: Layer, places: Places) -> None:
    wrapped = wrap((str(tmp_path / "none"),), places.confinement(), bubblewrap, cwd=tmp_path)
    assert wrapped == (str(tmp_path / "none"),)
