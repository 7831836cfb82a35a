"""The disk refuses at any moment: nothing is lost, and the same command goes on to the same end."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.errors import StorageError
from factory_engine.ledger import read_events, verify_chain
from factory_engine.run_folder import RunFolder
from factory_engine.status import Status
from tests.support.factory_runs import Bench, report_of, require_agreement
from tests.support.faulty_disk import broken, faulty, full

SAMPLE = 9  # every so many calls in the short round
RUN_ID = "mine"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def fails_then_goes_on(bench: Bench, fault: Callable[[], None], at: int) -> bool:
    """One round; False when the run ended before its call number `at`."""
    folder = RunFolder(bench.root / "tools/codex/runs" / RUN_ID)
    acknowledged: list[str] = []
    # any other error is no word for a disk that refuses
    with faulty(fault, at) as disk, contextlib.suppress(StorageError):
        await bench.oneshot(run_id=RUN_ID, dry_run=True)
    if disk.calls < at:
        return False
    if folder.ledger.is_file():
        acknowledged = [event.event_id for event in read_events(folder.ledger)]
    outcome = await bench.oneshot(run_id=RUN_ID, dry_run=True)
    events = [event.event_id for event in read_events(folder.ledger)]
    assert events[: len(acknowledged)] == acknowledged
    assert verify_chain(folder.ledger).torn == 0
    require_agreement(outcome, Status.PASS)
    assert not [path for path in folder.path.rglob("*") if path.name.startswith(".tmp.")]
    assert report_of(outcome).startswith("STATUS: PASS")
    shutil.rmtree(folder.path)
    return True


async def refuse_every(bench: Bench, fault: Callable[[], None], step: int) -> int:
    """Refuse every `step`-th call in turn until a run never reaches it; how far that was."""
    before = bench.snapshot()
    at = 1
    while await fails_then_goes_on(bench, fault, at):
        at += step
    assert bench.snapshot() == before
    return at


FAULTS = pytest.mark.parametrize("fault", [full, broken], ids=["ENOSPC", "EIO"])


@FAULTS
async def test_a_dry_run_survives_a_refusal_at_any_call(
    bench: Bench, fault: Callable[[], None]
) -> None:
    assert await refuse_every(bench, fault, SAMPLE) > 100


@pytest.mark.soak
@FAULTS
async def test_every_single_call_of_a_dry_run_may_be_refused(
    bench: Bench, fault: Callable[[], None]
) -> None:
    assert await refuse_every(bench, fault, 1) > 100
