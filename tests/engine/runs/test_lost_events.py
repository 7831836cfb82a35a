"""A ledger that lost whole lines is a sound chain; what was noted of its end tells, and blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from factory_engine.errors import LedgerError
from factory_engine.events import EventType
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.status import Status
from tests.support.factory_runs import Bench, folder_of, require_agreement


async def unfinished(bench: Bench) -> RunFolder:
    return folder_of(await bench.launch(run_id="mine", dry_run=True))


async def finished(bench: Bench) -> RunFolder:
    return folder_of(await bench.oneshot(run_id="mine", dry_run=True))


def cut_back(folder: RunFolder, lines: int = 12) -> None:
    whole = folder.ledger.read_bytes().splitlines(keepends=True)
    assert len(whole) > lines
    folder.ledger.write_bytes(b"".join(whole[:lines]))


async def require_blocked(bench: Bench, folder: RunFolder, words: str) -> None:
    """Nothing goes on, nothing is touched, and `ledger-replay` says it too."""
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    for go_on in (bench.oneshot(run_id="mine"), bench.judge("mine", "integrate")):
        with pytest.raises(LedgerError, match=words) as refused:
            await go_on
        assert refused.value.status is Status.BLOCKED
    after = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    assert after == before
    assert any(words in problem for problem in replay(folder).problems)


async def test_an_unfinished_run_knows_how_far_it_had_come(bench: Bench) -> None:
    folder = await unfinished(bench)
    last = list(read_events(folder.ledger))[-1].seq
    cut_back(folder)
    await require_blocked(bench, folder, f"ends at event 12, but event {last} was acknowledged")


async def test_a_finished_run_knows_its_whole_ledger(bench: Bench) -> None:
    folder = await finished(bench)
    cut_back(folder)
    await require_blocked(bench, folder, "it ends at event 12; events after it are missing")


async def test_a_ledger_of_another_run_is_not_taken(bench: Bench) -> None:
    folder = await unfinished(bench)
    other = folder_of(await bench.launch(run_id="other", dry_run=True))
    folder.ledger.write_bytes(other.ledger.read_bytes().replace(b'"other"', b'"mine"'))
    with pytest.raises(LedgerError, match="hash differs"):
        await bench.oneshot(run_id="mine")
    folder.ledger.write_bytes(other.ledger.read_bytes())
    await require_blocked(bench, folder, "holds another event")


async def test_a_ledger_that_is_gone_does_not_begin_anew(bench: Bench) -> None:
    folder = await unfinished(bench)
    plan = (folder.path / "RUN_MANIFEST.json").read_bytes()
    folder.ledger.unlink()
    with pytest.raises(LedgerError, match="ends at event 0, but event"):
        await bench.oneshot(run_id="mine", dry_run=True)
    assert (folder.path / "RUN_MANIFEST.json").read_bytes() == plan
    assert not folder.ledger.exists()


def torn(note: bytes) -> bytes:
    return note[:40]


def empty(_: bytes) -> bytes:
    return b""


def half_of_each(note: bytes) -> bytes:
    return b"%012d" % 99_999 + note[12:]


@pytest.mark.parametrize("damage", [torn, empty, half_of_each])
async def test_a_note_that_cannot_be_read_stands_in_nobodys_way(
    bench: Bench, damage: Callable[[bytes], bytes]
) -> None:
    folder = await unfinished(bench)
    folder.receipt.write_bytes(damage(folder.receipt.read_bytes()))
    require_agreement(await bench.oneshot(run_id="mine"), Status.PASS)


async def test_a_torn_end_is_no_loss(bench: Bench) -> None:
    folder = await unfinished(bench)
    with folder.ledger.open("ab") as file:
        file.write(b'{"schema_version":1,"run_id":"mi' + b"\0" * 4096)
    outcome = await bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.PASS)
    kinds = [event.event_type for event in read_events(folder.ledger)]
    assert EventType.LEDGER_REPAIRED in kinds
    assert len(list(folder.path.glob("ledger.torn.*"))) == 1


async def test_an_older_note_is_as_true_as_the_newest(bench: Bench) -> None:
    folder = await unfinished(bench)
    older = folder.receipt.read_bytes()
    await bench.judge("mine", "bundle-validate")
    folder.receipt.write_bytes(older)
    require_agreement(await bench.oneshot(run_id="mine"), Status.PASS)
    assert not folder.work.exists()
