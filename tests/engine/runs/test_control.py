"""What is done to a run from outside reaches that run and no other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import time
from pathlib import Path

import psutil

from factory_engine.processes.marker import Marker
from factory_engine.processes.tree import marked
from factory_engine.run_folder import RunFolder
from factory_engine.runs import control
from factory_engine.runs.drive import Outcome
from factory_engine.status import Status
from tests.support.factory_runs import FOUR, Bench, require_agreement, worker
from tests.support.repositories import git

PINNED = "pinned"
ENDING = """
import asyncio, sys
from pathlib import Path
from factory_engine.run_folder import RunFolder
from factory_engine.runs.control import end_worker
print(asyncio.run(end_worker(RunFolder(Path(sys.argv[1])), sys.argv[2])))
"""
END = "end"


def bench_with_slow_workers(folder: Path) -> Bench:
    """A and B work until the test lets them end."""
    bench = Bench(folder)
    code = f"while not Path(os.environ['FACTORY_OUTBOX'], '{END}').exists(): time.sleep(0.02)"
    slow = {name: worker(code, [f"src/{part}/**"]) for name, part in (("A", "a"), ("B", "b"))}
    bench.configure({**FOUR, **slow})
    return bench


def folder_of_run(bench: Bench) -> RunFolder:
    """Where the pinned run of a repository lies."""
    return RunFolder(bench.root / "tools/codex/runs" / PINNED)


async def processes_of(bench: Bench, worker_id: str) -> list[psutil.Process]:
    """The living processes of a worker, once there are any; nobody but the test has ended them."""
    marker = Marker.of_run(folder_of_run(bench).path, PINNED, worker_id)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = []
        for pid in marked(PINNED, worker_id):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if marker.is_on(process.environ()):
                    found.append(process)
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{worker_id} has not started")


async def end_from_outside(folder: RunFolder, worker_id: str) -> str:
    """`end_worker` in a process of its own, as a console is; what it returned."""
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ENDING, str(folder.path), worker_id),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    answer, _ = await asking.communicate()
    return answer.decode().strip()


def alive(processes: list[psutil.Process]) -> bool:
    """Whether all of them go on."""
    return all(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


async def test_a_worker_is_ended_in_its_own_repository_alone(tmp_path: Path) -> None:
    one, two = benches = [bench_with_slow_workers(tmp_path / name) for name in ("one", "two")]
    async with asyncio.TaskGroup() as group:
        runs: list[asyncio.Task[Outcome]] = [
            group.create_task(bench.oneshot(run_id=PINNED)) for bench in benches
        ]
        wanted = await processes_of(one, "B_worker")
        others = [
            await processes_of(bench, worker_id)
            for bench, worker_id in ((one, "A_worker"), (two, "A_worker"), (two, "B_worker"))
        ]
        assert await end_from_outside(folder_of_run(one), "B_worker") == "0"
        assert not any(map(alive, ([process] for process in wanted)))
        assert [alive(processes) for processes in others] == [True, True, True]
        for bench, letter in ((one, "A"), (two, "A"), (two, "B")):
            at = (await bench.project()).workspaces / "runs" / PINNED
            (at / f"{letter}_worker" / "outbox" / END).touch()
    ended, whole = (run.result() for run in runs)
    require_agreement(whole, Status.PASS)
    assert ended.status is Status.BLOCKED
    failed = {w.worker_id for w in ended.state.workers.values() if w.status is not Status.PASS}
    assert failed == {"B_worker"}


async def test_prune_leaves_the_live_run_of_a_linked_work_tree_alone(tmp_path: Path) -> None:
    one, two = Bench(tmp_path / "one"), Bench(tmp_path / "two")
    git(one.root, "worktree", "add", "-q", str(tmp_path / "linked"))
    two.root = tmp_path / "linked"
    code = f"while not Path(os.environ['FACTORY_OUTBOX'], '{END}').exists(): time.sleep(0.02)\n"
    code += "Path('src/a/one.txt').write_text('mine\\n')"
    two.configure({"A": worker(code, ["src/a/**"])})
    one.configure()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(two.oneshot(run_id=PINNED))
        await processes_of(two, "A_worker")
        project = await one.project()
        for runs in (False, True):
            assert control.prune(project, runs=runs) == []
        (project.workspaces / "runs" / PINNED / "A_worker/outbox" / END).touch()
    require_agreement(run.result(), Status.PASS)


async def test_prune_leaves_kept_workspaces_of_another_list_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure({"A": worker("sys.exit(3)", ["src/a/**"])})
    await bench.oneshot(run_id=PINNED)
    kept = (await bench.project()).workspaces / "runs" / PINNED / "A_worker"
    assert kept.is_dir()
    bench.configure(paths={"runs_dir": "other/runs"})
    other = await bench.project()
    assert control.prune(other, runs=True) == []
    assert kept.is_dir()
    bench.configure()
    assert [one.what for one in control.prune(await bench.project())] == ["workspaces"]
    assert not kept.exists()


async def test_prune_removes_what_a_run_left_whose_folder_is_gone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure({"A": worker("sys.exit(3)", ["src/a/**"])})
    await bench.oneshot(run_id=PINNED)
    shutil.rmtree(folder_of_run(bench).path)
    assert [one.what for one in control.prune(await bench.project())] == ["workspaces"]
