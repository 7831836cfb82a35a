"""How a program is run: its input, its output, its exit code, its limits."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from factory_engine.clock import Clock
from factory_engine.errors import StorageError
from factory_engine.processes.program import Limits
from factory_engine.processes.supervise import run_program
from factory_engine.processes.tree import Marker
from tests.engine.processes.programs import open_files, program, python, run, shell, zombies

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are POSIX ones")
linux = pytest.mark.skipif(sys.platform != "linux", reason="rests on /proc, /dev or prlimit")


@pytest.mark.parametrize("rc", [0, 1, 3, 255])
async def test_the_exit_code_is_the_programs(tmp_path: Path, rc: int) -> None:
    finished = await run(tmp_path, shell(f"exit {rc}"))
    assert (finished.reason, finished.rc, finished.detail) == ("exited", rc, f"exit {rc}")
    assert (finished.left_behind, finished.needed_kill, finished.survivors) == (0, False, 0)


async def test_a_signal_shows_as_a_negative_code_and_in_words(tmp_path: Path) -> None:
    finished = await run(tmp_path, shell("kill -9 $$"))
    assert (finished.reason, finished.rc) == ("exited", -9)
    assert finished.detail == "killed by signal 9 (KILL)"


async def test_a_signal_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    number = int(signal.SIGRTMIN) + 3 if sys.platform == "linux" else 9
    finished = await run(tmp_path, shell(f"kill -{number} $$"))
    assert finished.detail.startswith(f"killed by signal {number}")


async def test_both_streams_go_to_the_log_and_to_the_listener(tmp_path: Path) -> None:
    heard: list[bytes] = []
    finished = await run(tmp_path, shell("echo one; echo two >&2; printf three"), heard.append)
    assert (tmp_path / "program.log").read_bytes() == b"one\ntwo\nthree"
    assert b"".join(heard) == b"one\ntwo\nthree"
    assert (finished.log.bytes_seen, finished.log.lines_seen) == (13, 3)


async def test_a_listener_can_be_spared_standard_error(tmp_path: Path) -> None:
    heard: list[bytes] = []
    await run(tmp_path, shell("echo one; echo two >&2"), heard.append, separate_stderr=True)
    assert b"".join(heard) == b"one\n"
    assert sorted((tmp_path / "program.log").read_bytes().split()) == [b"one", b"two"]


async def test_the_log_can_be_read_while_the_program_runs(tmp_path: Path) -> None:
    seen: list[bytes] = []
    stop = asyncio.Event()

    def look(chunk: bytes) -> None:
        seen.append((tmp_path / "program.log").read_bytes())
        stop.set()

    endless = program(tmp_path, shell("echo first; sleep 60"))
    await run_program(endless, look, clock=Clock(), stop=stop)
    assert seen[0] == b"first\n"


async def test_fifty_megabytes_leave_a_small_log_with_both_ends(tmp_path: Path) -> None:
    code = "import os\nos.write(1, b'begin\\n')\nfor _ in range(800): os.write(1, b'x' * 65536)\n"
    finished = await run(
        tmp_path, python(code + "os.write(1, b'\\nend\\n')"), head_bytes=1000, tail_bytes=1000
    )
    log = (tmp_path / "program.log").read_bytes()
    assert finished.rc == 0
    assert finished.log.bytes_seen == 800 * 65536 + 11
    assert finished.log.truncated
    assert log.startswith(b"begin\n")
    assert log.endswith(b"\nend\n")
    assert len(log) < 2100


async def test_nuls_and_bytes_that_are_no_text_are_kept(tmp_path: Path) -> None:
    await run(tmp_path, python("import os; os.write(1, bytes(range(256)))"))
    assert (tmp_path / "program.log").read_bytes() == bytes(range(256))


async def test_standard_input_is_empty_unless_something_is_given(tmp_path: Path) -> None:
    finished = await run(tmp_path, shell("cat; echo over"))
    assert finished.rc == 0
    assert (tmp_path / "program.log").read_bytes() == b"over\n"


async def test_a_large_standard_input_arrives_whole(tmp_path: Path) -> None:
    await run(tmp_path, shell("wc -c"), stdin=b"x" * 3_000_000)
    assert int((tmp_path / "program.log").read_bytes()) == 3_000_000


async def test_a_program_that_never_reads_its_input_ends_all_the_same(tmp_path: Path) -> None:
    assert (await run(tmp_path, shell("exit 4"), stdin=b"x" * 3_000_000)).rc == 4


async def test_there_is_no_terminal_to_ask_on(tmp_path: Path) -> None:
    assert (await run(tmp_path, shell("! (: < /dev/tty) 2> /dev/null"))).rc == 0


async def test_the_program_leads_a_session_of_its_own(tmp_path: Path) -> None:
    code = "import os; assert os.getsid(0) == os.getpgid(0) == os.getpid()"
    assert (await run(tmp_path, python(code))).rc == 0


async def test_the_program_is_marked_whatever_its_environment_says(tmp_path: Path) -> None:
    marker = Marker("the-run", "B_worker", "unit")
    line = 'echo "$FACTORY_RUN_ID $FACTORY_WORKER_ID $FACTORY_STEP $OTHER"'
    env = {"PATH": os.environ["PATH"], "OTHER": "kept", "FACTORY_STEP": "false"}
    await run(tmp_path, shell(line), env=env, marker=marker)
    assert (tmp_path / "program.log").read_text() == "the-run B_worker unit kept\n"


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    finished = await run(tmp_path, ("no-such-program",))
    assert (finished.reason, finished.rc) == ("not_started", 127)
    assert finished.detail == "program not found: no-such-program"
    assert (tmp_path / "program.log").read_bytes() == b""


@pytest.mark.parametrize(
    ("mode", "content", "rc", "words"),
    [
        (0o644, "#!/bin/sh\n", 126, "not executable: ./script"),
        (0o755, "#!/no/shell\n", 127, "the interpreter named in the first line of ./script"),
        (0o755, "no first line", 126, "./script: cannot be started: Exec format error"),
    ],
)
async def test_a_script_that_cannot_be_executed_says_why(
    tmp_path: Path, mode: int, content: str, rc: int, words: str
) -> None:
    (tmp_path / "script").write_text(content)
    (tmp_path / "script").chmod(mode)
    finished = await run(tmp_path, ("./script",))
    assert (finished.reason, finished.rc) == ("not_started", rc)
    assert finished.detail.startswith(words)


async def test_a_missing_working_directory_is_no_missing_program(tmp_path: Path) -> None:
    finished = await run(tmp_path, shell("exit 0"), cwd=tmp_path / "gone")
    assert (finished.reason, finished.detail) == (
        "not_started",
        "working directory not found: gone",
    )


@pytest.mark.parametrize("argv", [(), ("",)])
async def test_an_empty_command_starts_nothing(tmp_path: Path, argv: tuple[str, ...]) -> None:
    finished = await run(tmp_path, argv)
    assert (finished.reason, finished.detail) == ("not_started", "no program is named")


async def test_an_argument_with_a_nul_starts_nothing(tmp_path: Path) -> None:
    finished = await run(tmp_path, ("echo", "a\0b"))
    assert finished.reason == "not_started"
    assert "null byte" in finished.detail


async def test_without_a_log_nothing_is_started(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the log cannot be created"):
        await run(tmp_path, shell("touch started"), log=tmp_path / "none" / "x.log")
    assert not (tmp_path / "started").exists()


@linux
async def test_a_full_disk_under_the_log_does_not_disturb_the_program(tmp_path: Path) -> None:
    heard: list[bytes] = []
    code = "import os\nfor _ in range(50): os.write(1, b'x' * 65536)\nopen('done', 'w')"
    finished = await run(tmp_path, python(code), heard.append, log=Path("/dev/full"))
    assert finished.rc == 0
    assert (tmp_path / "done").exists()
    assert finished.log.error == "No space left on device"
    assert finished.log.truncated
    assert finished.log.bytes_seen == sum(map(len, heard)) == 50 * 65536


async def test_a_bug_in_the_listener_comes_out_after_the_program_was_heard_to_its_end(
    tmp_path: Path,
) -> None:
    def stumble(chunk: bytes) -> None:
        raise RuntimeError("cannot read this")

    code = "import os\nfor _ in range(50): os.write(1, b'x' * 65536)\nopen('done', 'w')"
    with pytest.raises(RuntimeError, match="cannot read this"):
        await run(tmp_path, python(code), stumble)
    assert (tmp_path / "done").exists()


async def test_a_conversation_goes_back_and_forth_over_the_pipes(tmp_path: Path) -> None:
    said: list[bytes] = []
    answers = iter([b"hello\n", b"bye\n"])
    talk = program(tmp_path, shell("read a; echo got $a; read b; echo got $b; cat; echo over"))
    finished = await run_program(
        talk, said.append, clock=Clock(), talker=lambda: next(answers, None)
    )
    assert b"".join(said) == b"got hello\ngot bye\nover\n"
    assert finished.rc == 0


async def test_a_partner_that_hangs_up_early_ends_the_conversation(tmp_path: Path) -> None:
    early = program(tmp_path, shell("exec <&-; echo closed; sleep 0.05; echo more; exit 5"))
    finished = await run_program(early, clock=Clock(), talker=lambda: b"x" * 100_000)
    assert finished.rc == 5


async def test_the_duration_is_zero_with_a_clock_that_stands_still(tmp_path: Path) -> None:
    slow = program(tmp_path, shell("sleep 0.02"))
    assert (await run_program(slow, clock=Clock(frozen_us=0))).duration_ms == 0
    assert (await run_program(slow, clock=Clock())).duration_ms >= 20


@linux
async def test_a_file_over_the_limit_cannot_be_written(tmp_path: Path) -> None:
    line = "sleep 0.1; head -c 300000 /dev/zero > big"
    finished = await run(tmp_path, shell(line), limits=Limits(file_bytes=100_000))
    assert finished.rc != 0
    assert (tmp_path / "big").stat().st_size == 100_000


@linux
async def test_a_crash_leaves_no_core_file(tmp_path: Path) -> None:
    await run(tmp_path, shell("sleep 0.1; ulimit -c"))
    assert (tmp_path / "program.log").read_text() == "0\n"


@linux
async def test_fifty_runs_leak_neither_files_nor_zombies(tmp_path: Path) -> None:
    await run(tmp_path, shell("exit 0"))
    before, others = open_files(), zombies()
    for number in range(50):
        argv = ("no-such-program",) if number % 10 == 0 else shell("echo x; exit 0")
        await run(tmp_path, argv, stdin=b"input" if number % 2 else None)
    assert open_files() <= before
    assert zombies() <= others
