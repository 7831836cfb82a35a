"""A run that was stopped at any moment goes on and ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import psutil
import pytest

from factory_engine import pipeline
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.status import Status
from tests.support.event_json import said
from tests.support.factory_runs import (
    FOUR,
    Bench,
    codes_of,
    events_of,
    program,
    require_agreement,
    verdict_of,
    worker,
)
from tests.support.invariants import require_no_second_start

SLOW = {
    "A": worker("time.sleep(0.1); Path('src/a/one.txt').write_text('ONE\\n')", ["src/a/**"]),
    "B": worker("time.sleep(0.5); Path('src/b/new').write_text('new\\n')", ["src/b/**"]),
    "C": worker("time.sleep(0.9); Path('docs/guide.md').unlink()", ["docs/**"]),
}
CHECK = {"name": "unit", "run": program("time.sleep(0.2)")}


def left_of(bench: Bench) -> list[str]:
    """Processes of this very run; other tests have runs of the same id in other places."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("FACTORY_RUN_ID") == "mine" and str(bench.root.parent) in str(
                process.environ()
            ):
                found.append(process.name())
    return found


async def test_an_interrupted_run_is_pending_and_goes_on(bench: Bench) -> None:
    bench.configure({**SLOW, "C": worker("time.sleep(30)", ["docs/**"])})
    task = asyncio.get_running_loop().create_task(bench.oneshot(run_id="mine"))
    folder = RunFolder(bench.root / "tools/codex/runs/mine")
    while not folder.exists or "worker.finished" not in folder.ledger.read_text():
        await asyncio.sleep(0.05)
    task.cancel("SIGINT")
    with pytest.raises(asyncio.CancelledError):
        await task
    state = fold_all(read_events(folder.ledger))
    assert state.status is Status.PENDING
    assert state.interrupted == "SIGINT"
    assert left_of(bench) == []
    outcome = None
    bench.configure(SLOW)  # the sealed plan counts, not the configuration of today
    task = asyncio.get_running_loop().create_task(bench.oneshot(run_id="mine"))
    await asyncio.sleep(1.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        outcome = await task
    assert outcome is None
    require_no_second_start(folder)


async def test_a_worker_can_be_started_again(bench: Bench, tmp_path: Path) -> None:
    luck = tmp_path / "luck"
    code = f"sys.exit(0 if Path({str(luck)!r}).exists() else 1)"
    bench.configure({**FOUR, "B": worker(code, ["src/b/**"], sandbox="off")})
    first = await bench.oneshot(run_id="mine")
    require_agreement(first, Status.BLOCKED)
    luck.touch()
    await bench.launch(run_id="mine", workers=("B_worker",))
    second = await bench.judge("mine", "integrate")
    require_agreement(second, Status.PASS)
    starts = [event.actor for event in events_of(second) if event.event_type == "worker.started"]
    assert sorted(starts) == ["A_worker", "B_worker", "B_worker", "C_worker", "D_worker"]


async def test_bundles_from_elsewhere_replace_empty_ones(bench: Bench) -> None:
    bench.configure(checks=[CHECK])
    real = await bench.oneshot(run_id="real")
    empty = await bench.launch(run_id="empty", dry_run=True)
    assert empty.status is Status.PENDING
    for bundle in ("A_worker", "B_worker", "C_worker", "D_worker"):
        for path in (real.folder / bundle).rglob("*"):
            if path.is_file():
                target = empty.folder / path.relative_to(real.folder)
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(
                    path.read_bytes().replace(b'"run_id": "real"', b'"run_id": "empty"')
                )
    validated = await bench.judge("empty", "bundle-validate")
    assert validated.state.stage("bundle-validate").status is Status.PASS
    outcome = await bench.judge("empty", "integrate")
    require_agreement(outcome, Status.PASS)
    assert outcome.state.merged_tree == real.state.merged_tree
    assert [check.name for check in outcome.state.integrator.checks] == ["unit"]


async def test_an_edited_lock_counts_only_with_a_reason(bench: Bench) -> None:
    bench.configure({"A": worker("Path('docs/guide.md').write_text('x')", ["src/**"])})
    first = await bench.oneshot(run_id="mine")
    assert codes_of(first) == ["SCOPE"]
    lock = first.folder / "A_worker" / "SCOPE_LOCK.json"
    lock.write_text(lock.read_text().replace("src/**", "docs/**"))
    second = await bench.judge("mine", "integrate")
    assert codes_of(second) == ["LOCK_MISMATCH", "SCOPE"]
    third = await bench.judge("mine", "integrate", amend_scope="the task was about docs")
    require_agreement(third, Status.PASS)
    amended = [event for event in events_of(third) if event.event_type == "lock.amended"]
    assert amended[0].actor == "operator"
    assert said(amended[0])["reason"] == "the task was about docs"
    assert said(amended[0])["old"]["allowed_globs"] == ["src/**"]
    fourth = await bench.judge("mine", "integrate")
    require_agreement(fourth, Status.PASS)


async def test_a_manifest_that_was_edited_is_refused(bench: Bench) -> None:
    bench.configure({"A": worker("Path('docs/guide.md').write_text('x')", ["src/**"])})
    outcome = await bench.oneshot(run_id="mine")
    manifest = outcome.folder / "RUN_MANIFEST.json"
    manifest.write_text(manifest.read_text().replace("src/**", "docs/**"))
    with pytest.raises(Exception, match=r"RUN_MANIFEST\.json is not the one"):
        await bench.judge("mine", "integrate", amend_scope="sly")


async def test_a_second_interrupt_kills_at_once(bench: Bench) -> None:
    stubborn = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)"
    )
    bench.configure(
        {"A": worker(stubborn + "; time.sleep(600)", ["src/**"])}, run={"grace_s": 300.0}
    )
    task = asyncio.get_running_loop().create_task(bench.oneshot(run_id="mine"))
    log = bench.root / "tools/codex/runs/mine/work/live/A_worker/agent.log"
    while not log.is_file() or not log.read_bytes():
        await asyncio.sleep(0.02)
    task.cancel("SIGINT")
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel("SIGINT")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_of(bench) == []


async def test_a_run_stopped_before_its_summary_still_tells_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = {"name": "red", "run": program("sys.exit(3)")}
    bench.configure({"A": FOUR["A"]}, checks=[red])

    def stop(*_: object) -> None:
        raise asyncio.CancelledError("SIGTERM")

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "write_summary", stop)
        with pytest.raises(asyncio.CancelledError):
            await bench.oneshot(run_id="mine")
    outcome = await bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert [check.rc for check in verdict_of(outcome).required_checks] == [3]
