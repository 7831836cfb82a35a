"""One real run for each way in which a run can end, in a repository of a test.

Owns what leads to each end. Real runs and no stored ledgers: what a run writes today is what the
console has to show today.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from factory_engine import pipeline
from factory_engine.run_folder import RunFolder
from factory_engine.runs.drive import CANCEL_REQUEST
from tests.support.factory_runs import FOUR, Bench, program, worker

RUN_ID = "mine"
LATE = "time.sleep(60)"
TOKEN = "gh" + "p_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"  # of the form of a real one

Outcome = Callable[[Bench], Awaitable[None]]


def folder_in(bench: Bench) -> RunFolder:
    """The folder of the run."""
    return RunFolder(bench.root / "tools/codex/runs" / RUN_ID)


async def passed(bench: Bench) -> None:
    """Four workers, one red optional check, and a merge."""
    check = {"name": "style", "run": program("sys.exit(1)"), "required": False}
    bench.configure(FOUR, [check])
    await bench.oneshot(run_id=RUN_ID)


async def nobody_has_a_task(bench: Bench) -> None:
    """Preflight does not let it begin."""
    await bench.oneshot(run_id=RUN_ID)


async def a_program_fails(bench: Bench) -> None:
    """B leaves something and exits with 3."""
    code = "Path('src/b/half').write_text('x'); sys.exit(3)"
    bench.configure({**FOUR, "B": worker(code, ["src/b/**"])})
    await bench.oneshot(run_id=RUN_ID)


async def out_of_scope(bench: Bench) -> None:
    """C changes what is A's."""
    bench.configure({"C": worker("Path('src/a/one.txt').write_text('C')", ["docs/**"])})
    await bench.oneshot(run_id=RUN_ID)


async def not_what_it_claims(bench: Bench) -> None:
    """The patch of A is another one when it is judged again."""
    bench.configure(FOUR)
    await bench.oneshot(run_id=RUN_ID)
    patch = folder_in(bench).path / "A_worker/DIFF.patch"
    patch.write_bytes(patch.read_bytes().replace(b"+ONE", b"+TWO"))
    await bench.judge(RUN_ID, "integrate")


async def overlapping(bench: Bench) -> None:
    """A and B change the same file."""
    same = worker("Path('src/a/one.txt').write_text('ONE\\n')", ["src/**"])
    bench.configure({"A": same, "B": same})
    await bench.oneshot(run_id=RUN_ID)


async def conflicting(bench: Bench) -> None:
    """A and C change the same line of a shared file."""
    edit = "p=Path('CHANGELOG.md'); p.write_text(p.read_text().replace('first', '{}'))"
    shared = {"shared": ["CHANGELOG.md"]}
    bench.configure(
        {name: worker(edit.format(f"from {name}"), [], scope=shared) for name in ("A", "C")}
    )
    await bench.oneshot(run_id=RUN_ID)


async def a_red_check(bench: Bench) -> None:
    """The change of A turns the check red."""
    code = "sys.exit('one is gone' if Path('src/a/one.txt').read_text() == 'ONE\\n' else 0)"
    bench.configure(FOUR, [{"name": "unit", "run": program(code)}])
    await bench.oneshot(run_id=RUN_ID)


async def red_on_base(bench: Bench) -> None:
    """A required check is red without anybody's change, while A is at work."""
    red = {"name": "unit", "run": program("sys.exit('one is missing')")}
    slow = worker(LATE, ["src/a/**"])
    bench.configure({**FOUR, "A": slow}, [red], integrator={"baseline": "on"})
    await bench.oneshot(run_id=RUN_ID)


async def a_secret(bench: Bench) -> None:
    """D writes a token into a file of its own."""
    code = f"Path('tests/token').write_text('token = \\'{TOKEN}\\'\\n')"
    bench.configure({**FOUR, "D": worker(code, ["tests/**"])})
    await bench.oneshot(run_id=RUN_ID)


async def out_of_time(bench: Bench) -> None:
    """B does not end."""
    bench.configure({**FOUR, "B": worker(LATE, ["src/b/**"], timeout_s=0.5)})
    await bench.oneshot(run_id=RUN_ID)


async def failed(bench: Bench) -> None:
    """The factory itself has a fault."""

    async def faulty(*given: object) -> None:
        raise ZeroDivisionError

    bench.configure(FOUR)
    with pytest.MonkeyPatch.context() as engine:
        engine.setattr(pipeline, "run_integrate", faulty)
        with pytest.raises(ZeroDivisionError):
            await bench.oneshot(run_id=RUN_ID)


async def cancelled(bench: Bench) -> None:
    """Somebody cancels it while B works."""
    bench.configure({**FOUR, "B": worker(LATE, ["src/b/**"])})
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.oneshot(run_id=RUN_ID))
        await _until_collected(bench, "A")
        (folder_in(bench).work / CANCEL_REQUEST).touch()


async def resumed(bench: Bench) -> None:
    """It is cancelled, and goes on to its end."""
    marker = bench.root.parent / "again"
    code = f"time.sleep(0 if Path({str(marker)!r}).exists() else 60)"
    bench.configure({**FOUR, "B": worker(code, ["src/b/**"], sandbox="off")})
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.oneshot(run_id=RUN_ID))
        await _until_collected(bench, "A")
        (folder_in(bench).work / CANCEL_REQUEST).touch()
    marker.touch()
    await bench.oneshot(run_id=RUN_ID)


async def _until_collected(bench: Bench, letter: str) -> None:
    """Until a worker's bundle is there and another one works."""
    ledger = folder_in(bench).ledger
    collected = f'"event_type":"worker.finished","actor":"{letter}_worker"'
    async with asyncio.timeout(60):
        while not ledger.exists() or collected not in ledger.read_text("utf-8"):
            await asyncio.sleep(0.02)


ENDS: dict[str, tuple[Outcome, str, str]] = {
    "passed": (passed, "PASS", ""),
    "preflight": (nobody_has_a_task, "BLOCKED", ""),
    "program failed": (a_program_fails, "BLOCKED", "WORKER"),
    "scope": (out_of_scope, "BLOCKED", "SCOPE"),
    "bundle": (not_what_it_claims, "BLOCKED", "CLAIM_MISMATCH"),
    "overlap": (overlapping, "BLOCKED", "OVERLAP"),
    "conflict": (conflicting, "BLOCKED", "CONFLICT"),
    "check": (a_red_check, "BLOCKED", "CHECK"),
    "baseline": (red_on_base, "BLOCKED", "BASELINE"),
    "secret": (a_secret, "BLOCKED", "SECRET"),
    "timeout": (out_of_time, "BLOCKED", "WORKER"),
    "failed": (failed, "FAIL", ""),
    "cancelled": (cancelled, "PENDING", ""),
    "resumed": (resumed, "PASS", ""),
}
"""Each end: what leads there, the status of the run, and the code of a violation that blocks it."""
