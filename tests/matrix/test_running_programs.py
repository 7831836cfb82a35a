"""What a worker's or a check's program does to the machine, seen from the whole run."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from factory_engine.processes.tree import marked
from factory_engine.runs.drive import Outcome
from factory_engine.status import Status
from tests.engine.processes.programs import DAEMON
from tests.support.event_json import said
from tests.support.factory_runs import (
    Bench,
    codes_of,
    events_of,
    folder_of,
    program,
    report_of,
    require_agreement,
    worker,
)
from tests.support.repositories import commit_all, git

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are POSIX ones")

OTHER = worker("Path('src/b/two.txt').write_text('TWO')", ["src/b/**"])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A repository; in the end no process of its runs is alive, and it is as it was."""
    made = Bench(tmp_path)
    before = made.snapshot()
    yield made
    for run in made.root.glob("tools/codex/runs/*/"):
        assert living(run) == []
    after = made.snapshot()
    assert {p: s for p, s in after.items() if not p.startswith(".git/")} == {
        p: s for p, s in before.items() if not p.startswith(".git/")
    }


def living(run: Path) -> list[int]:
    """The processes of exactly this run; elsewhere another may have its id."""
    place = hashlib.sha256(os.fsencode(run.resolve())).hexdigest()[:16]
    found = []
    for pid in marked(run.name):
        with contextlib.suppress(psutil.Error):
            if psutil.Process(pid).environ().get("FACTORY_RUN_PLACE") == place:
                found.append(pid)
    return found


def unlike(outcome: Outcome) -> str:
    """The reason of A; B is unharmed."""
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["WORKER"]
    assert outcome.state.workers["B_worker"].status is Status.PASS
    return outcome.state.workers["A_worker"].reason.removeprefix("ended as BLOCKED: ")


async def test_a_worker_that_ignores_being_asked_to_stop_is_killed_and_its_part_kept(
    bench: Bench,
) -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    code += "Path('src/a/one.txt').write_text('part')\ntime.sleep(60)"
    bench.configure({"A": worker(code, ["src/a/**"], timeout_s=1.5), "B": OTHER})
    outcome = await bench.oneshot()
    assert unlike(outcome) == "no end within 1.5 s: stopped; did not stop in 0.5 s: killed"
    folder = folder_of(outcome)
    assert b"+part" in folder.read("A_worker/DIFF.patch")
    assert b"the work is partial" in folder.read("A_worker/STATUS.json")


@pytest.mark.parametrize("sandbox", ["auto", "off"])
@pytest.mark.parametrize("habit", ["ignore_term=True", "cwd='/', environment={}"])
async def test_a_daemon_does_not_outlive_its_worker(
    bench: Bench, sandbox: str, habit: str, tmp_path: Path
) -> None:
    stood = "os.path.join(os.environ['FACTORY_OUTBOX'], 'pid')"
    code = f"{DAEMON}\nstart({stood}, {habit})\nPath('src/a/one.txt').write_text('ONE')"
    bench.configure({"A": worker(code, ["src/a/**"], sandbox=sandbox), "B": OTHER})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    exited = next(
        e for e in events_of(outcome) if (e.event_type, e.actor) == ("worker.exited", "A_worker")
    )
    alone = said(exited)["left_behind"]
    # a process namespace ends with its program, before anybody can count
    assert alone == 0 or b"were left behind" in folder_of(outcome).read("A_worker/STATUS.json")


@pytest.mark.parametrize("sandbox", ["auto", "off"])
async def test_a_worker_that_forks_without_end_blocks_alone(bench: Bench, sandbox: str) -> None:
    code = "import subprocess\nwhile True:\n    subprocess.Popen(['sleep', '60'])"
    bench.configure(
        {"A": worker(code, ["src/a/**"], sandbox=sandbox), "B": OTHER}, run={"max_processes": 60}
    )
    outcome = await bench.oneshot()
    assert unlike(outcome) == "more than 60 processes at once (run.max_processes): stopped"


async def test_a_worker_that_fills_the_disk_blocks_alone(bench: Bench) -> None:
    code = "for n in range(400):\n    Path(os.environ['TMPDIR'], str(n))"
    code += ".write_bytes(os.urandom(1 << 20)); time.sleep(0.01)"
    limit = 24 << 20
    bench.configure({"A": worker(code, ["src/a/**"]), "B": OTHER}, run={"max_disk_bytes": limit})
    outcome = await bench.oneshot()
    assert unlike(outcome) == f"more than {limit:,} bytes on disk (run.max_disk_bytes): stopped"


async def test_a_file_of_five_terabytes_is_never_read(bench: Bench) -> None:
    code = "open('src/a/holes', 'wb').truncate(5 << 40)"
    run = {"max_disk_bytes": 10**14}
    bench.configure({"A": worker(code, ["src/a/**"]), "B": OTHER}, run=run)
    reason = unlike(await bench.oneshot())
    assert "src/a/holes" in reason
    assert "5497558138880 bytes, at most 10000000 are allowed" in reason


async def test_a_file_over_the_limit_is_refused_by_the_kernel(bench: Bench) -> None:
    code = "open('src/a/holes', 'wb').truncate(5 << 40)"
    bench.configure({"A": worker(code, ["src/a/**"]), "B": OTHER})
    outcome = await bench.oneshot()
    assert unlike(outcome) == "exit 1: OSError: [Errno 27] File too large"
    assert b"File too large" in folder_of(outcome).read("A_worker/LOGS/agent.log")


async def test_more_files_than_allowed_are_counted_no_further(bench: Bench) -> None:
    code = "[Path(f'src/a/{n}').touch() for n in range(3000)]"
    bench.configure({"A": worker(code, ["src/a/**"]), "B": OTHER}, policy={"max_files": 100})
    assert "more than 100 paths differ from base" in unlike(await bench.oneshot())


async def test_loud_output_keeps_head_and_tail_and_changes_no_verdict(bench: Bench) -> None:
    code = "out = sys.stdout.buffer\nout.write(b'first\\n')\n"
    code += "[out.write(b'\\x00\\x1b[31m\\xff' * 25_000) for _ in range(100)]\n"
    code += "out.write(b'\\nlast\\n'); out.flush(); Path('src/a/one.txt').write_text('ONE')"
    sizes = {"log_head_bytes": 10_000, "log_tail_bytes": 5_000}
    bench.configure({"A": worker(code, ["src/a/**"])}, run=sizes)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    log = folder_of(outcome).read("A_worker/LOGS/agent.log")
    assert len(log) < 16_000
    assert log.startswith(b"first\n")
    assert log.endswith(b"\nlast\n")
    assert b"bytes cut here" in log
    assert "\x1b" not in report_of(outcome)


async def test_a_worker_that_asks_gets_no_answer_and_no_terminal(bench: Bench) -> None:
    code = "assert sys.stdin.read() == ''\ntry:\n    open('/dev/tty')\n"
    code += "except OSError:\n    sys.exit(7)"
    bench.configure({"A": worker(code, ["src/a/**"]), "B": OTHER})
    assert unlike(await bench.oneshot()) == "exit 7"


async def test_a_required_check_that_hangs_and_forks_blocks_and_leaves_nothing(
    bench: Bench,
) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)\n"
    code += "time.sleep(60)"
    checks = [{"name": "slow", "run": program(code), "timeout_s": 1.0}]
    bench.configure({"B": OTHER}, checks=checks)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert "slow no end within 1 s: stopped" in report_of(outcome)


async def while_it_runs(
    bench: Bench, tmp_path: Path, change: Callable[[], object], **run: Any
) -> Outcome:
    """A run in the middle of whose worker the operator does something."""
    began, over = tmp_path / "began", tmp_path / "over"
    code = f"Path({str(began)!r}).touch()\nwhile not Path({str(over)!r}).exists():\n"
    code += "    time.sleep(0.02)\nPath('topic.txt').write_text('changed\\n')"
    bench.configure({"A": worker(code, ["*.txt"], sandbox="off")})

    async def operator() -> None:
        while not began.exists():
            await asyncio.sleep(0.02)
        await asyncio.to_thread(change)
        over.touch()

    outcome, _ = await asyncio.gather(bench.oneshot(**run), operator())
    return outcome


async def test_a_base_that_moves_meanwhile_changes_nothing_but_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    base = git(bench.root, "rev-parse", "HEAD")
    identity = ("-c", "user.name=x", "-c", "user.email=x")
    outcome = await while_it_runs(
        bench,
        tmp_path,
        lambda: git(bench.root, *identity, "commit", "--allow-empty", "-qm", "next"),
    )
    require_agreement(outcome, Status.PASS)
    now = git(bench.root, "rev-parse", "HEAD")
    assert now != base
    told = f"WARN     base: HEAD is {now[:12]} by now; the result is a change of {base[:12]}"
    assert told in report_of(outcome)


async def test_a_branch_that_is_deleted_and_pruned_meanwhile_is_still_the_base(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    git(bench.root, "checkout", "-q", "-b", "topic")
    (bench.root / "topic.txt").write_text("topic\n")
    commit_all(bench.root)
    git(bench.root, "checkout", "-q", "main")

    def forget() -> None:
        git(bench.root, "branch", "-qD", "topic")
        git(bench.root, "reflog", "expire", "--expire=now", "--all")
        git(bench.root, "gc", "-q", "--prune=now")

    outcome = await while_it_runs(bench, tmp_path, forget, base_ref="topic")
    require_agreement(outcome, Status.PASS)
    assert "WARN     base: topic names no commit any more" in report_of(outcome)
    assert b"-topic\n+changed\n" in folder_of(outcome).read("Z_integrator/DIFF.patch")


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root reads anything")
async def test_a_file_that_cannot_be_read_is_named_and_its_folder_removed(bench: Bench) -> None:
    code = "Path('src/a/one.txt').write_text('x'); Path('src/a/one.txt').chmod(0)"
    bench.configure({"A": worker(code, ["src/a/**"]), "B": OTHER})
    assert "src/a/one.txt" in unlike(await bench.oneshot())
