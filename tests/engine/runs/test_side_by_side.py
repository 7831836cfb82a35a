"""What else may happen at the same time: a second run, a second integrate, a `git status`."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from pathlib import Path

from factory_engine.errors import RunError
from factory_engine.runs import control, follow
from factory_engine.runs.drive import Outcome
from factory_engine.runs.listing import find_run, newest_run, run_line, run_names
from factory_engine.status import Status
from tests.support.factory_runs import (
    FOUR,
    Bench,
    events_of,
    folder_of,
    program,
    require_agreement,
    worker,
)
from tests.support.repositories import git, isolated_environment

SLOW_CHECK = {"name": "slow", "run": program("time.sleep(1.0)")}
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000", "PATH": "/usr/bin:/bin"}


def start(bench: Bench) -> asyncio.Task[Outcome]:
    """A oneshot beside the test; each test waits for its end."""
    return asyncio.get_running_loop().create_task(bench.oneshot(run_id="mine"))


async def test_two_runs_of_one_second_get_two_numbers(bench: Bench) -> None:
    bench.environment = EPOCH
    outcomes = await asyncio.gather(*(bench.oneshot(dry_run=True) for _ in range(3)))
    assert sorted(outcome.run_id[-4:] for outcome in outcomes) == ["_001", "_002", "_003"]
    for outcome in outcomes:
        require_agreement(outcome, Status.PASS)


async def test_runs_side_by_side_do_not_meet(bench: Bench) -> None:
    bench.configure(checks=[SLOW_CHECK])
    one, two = await asyncio.gather(bench.oneshot(), bench.oneshot())
    require_agreement(one, Status.PASS)
    require_agreement(two, Status.PASS)
    assert one.state.merged_tree == two.state.merged_tree


async def test_a_second_integrate_is_told_who_holds_the_run(bench: Bench) -> None:
    bench.configure(checks=[SLOW_CHECK])
    outcome = await bench.oneshot(run_id="mine")
    answers = await asyncio.gather(
        bench.judge("mine", "integrate"), bench.judge("mine", "integrate"), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, RunError)]
    assert len(refused) == 1
    assert "being driven by process" in str(refused[0])
    assert "(integrate) since" in str(refused[0])
    require_agreement(await bench.oneshot(run_id="mine"), outcome.status)


async def test_the_repository_is_byte_for_byte_the_same_beside_git_status(bench: Bench) -> None:
    bench.configure(checks=[{"name": "unit", "run": program("time.sleep(0.3)")}])
    before = bench.snapshot()
    over = threading.Event()

    def look() -> None:
        environment = isolated_environment() | {"GIT_OPTIONAL_LOCKS": "0"}
        while not over.is_set():
            subprocess.run(["git", "status"], cwd=bench.root, env=environment, capture_output=True)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        outcome = await bench.oneshot()
    finally:
        over.set()
        looking.join()
    require_agreement(outcome, Status.PASS)
    assert bench.snapshot() == before


async def test_an_index_that_is_refreshed_is_no_write_of_a_check(bench: Bench) -> None:
    bench.configure(checks=[{"name": "unit", "run": program("time.sleep(0.5)")}])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bench.oneshot())
        while not task.done():
            (bench.root / "src/a/one.txt").read_bytes()
            await asyncio.to_thread(git, bench.root, "update-index", "--really-refresh", "-q")
            await asyncio.sleep(0.02)
    require_agreement(task.result(), Status.PASS)


async def test_a_run_is_cancelled_from_outside_and_goes_on(bench: Bench) -> None:
    bench.configure({**FOUR, "B": worker("time.sleep(60)", ["src/b/**"])})
    task = start(bench)
    runs = bench.root / "tools/codex/runs"
    while not (runs / "mine/LEDGER.jsonl").is_file() or not find_run(runs, "mine").work.is_dir():
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    assert await asyncio.to_thread(control.cancel, find_run(runs, "mine"))
    outcome = await task
    assert outcome.status is Status.PENDING
    assert outcome.state.interrupted == "cancel"
    assert not await asyncio.to_thread(control.cancel, find_run(runs, "mine"))


async def test_a_follower_sees_every_event_and_ends_with_the_run(bench: Bench) -> None:
    bench.configure()
    task = start(bench)
    runs = bench.root / "tools/codex/runs"
    while not (runs / "mine/LEDGER.jsonl").is_file():
        await asyncio.sleep(0.01)
    seen = [event async for event in follow.follow(find_run(runs, "mine"))]
    outcome = await task
    assert [event.event_id for event in seen] == [event.event_id for event in events_of(outcome)]


async def test_runs_are_listed_newest_first(bench: Bench) -> None:
    bench.environment = EPOCH
    names = [(await bench.oneshot(dry_run=True, run_id=name)).run_id for name in ("b", "a")]
    names.append((await bench.oneshot(dry_run=True)).run_id)
    runs = bench.root / "tools/codex/runs"
    assert run_names(runs) == names[::-1]
    newest = newest_run(runs)
    assert newest is not None
    line = run_line(newest)
    assert (line.run_id, line.status, line.dry_run) == (names[-1], "PASS", True)
    assert set(line.workers.values()) == {"PASS"}


async def test_old_runs_and_their_workspaces_are_pruned(bench: Bench) -> None:
    bench.configure({**FOUR, "B": worker("sys.exit(1)", ["src/b/**"])})
    first = await bench.oneshot()
    project = await bench.project()
    kept = project.workspaces / "runs" / first.run_id / "B_worker"
    assert kept.is_dir()
    pruned = control.prune(project)
    assert {item.what for item in pruned} == {"workspaces"}
    assert not kept.exists()
    assert folder_of(first).exists
    assert [item.what for item in control.prune(project, runs=True)] == ["run"]
    assert not first.folder.exists()


async def test_runs_of_one_id_in_two_repositories_leave_each_other_alone(tmp_path: Path) -> None:
    one, two = Bench(tmp_path / "one"), Bench(tmp_path / "two")
    slow = {"B": worker("time.sleep(2); Path('src/b/x').write_text('x')", ["src/b/**"])}
    one.configure(slow)
    two.configure(slow)
    first = await two.launch(run_id="mine")  # so that the next call resumes, and ends leftovers
    running = start(one)
    await asyncio.sleep(1.0)
    await two.judge("mine", "integrate")
    require_agreement(await running, Status.PASS)
    assert first.run_id == "mine"
