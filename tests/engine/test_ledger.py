"""The ledger: what is acknowledged stays, what is torn is set aside, what is edited is named."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine import storage
from factory_engine.clock import Clock
from factory_engine.errors import LedgerError, StorageError
from factory_engine.events import Draft, WorkerActivity
from factory_engine.ledger import Head, LedgerWriter, read_events, read_tail, verify_chain
from tests.support.event_json import said

FROZEN = Clock(frozen_us=1_700_000_000_000_000)


def activity(text: str) -> Draft:
    return Draft(WorkerActivity("running", text), "A_worker")


def ledger_of(folder: Path, texts: list[str], clock: Clock = FROZEN) -> Path:
    path = folder / "LEDGER.jsonl"
    writer = LedgerWriter(path, "run", clock)
    for text in texts:
        writer.append([activity(text)])
    writer.close()
    return path


def test_events_come_back_in_order_with_strictly_increasing_times(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, ["one", "two", "three"])
    events = list(read_events(path))
    assert [event.seq for event in events] == [1, 2, 3]
    assert [said(event)["text"] for event in events] == ["one", "two", "three"]
    assert [event.ts_utc[-7:] for event in events] == ["000000Z", "000001Z", "000002Z"]
    assert verify_chain(path).event_id == events[-1].event_id


def test_a_line_ends_in_its_ids_in_the_agreed_order(tmp_path: Path) -> None:
    line = ledger_of(tmp_path, ["one"]).read_bytes()
    event = next(read_events(tmp_path / "LEDGER.jsonl"))
    ending = f'"parent_event_id":"{"0" * 64}","event_id":"{event.event_id}"}}\n'
    assert line.endswith(ending.encode())


def test_a_clock_that_goes_back_does_not_turn_the_order(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, ["one"], Clock(frozen_us=2_000_000_000_000_000))
    writer = LedgerWriter(path, "run", Clock(frozen_us=1_000_000_000_000_000))
    second = writer.append([activity("two")])[0]
    writer.close()
    assert second.ts_utc > next(read_events(path)).ts_utc


def test_several_drafts_are_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []
    write = storage.disk.write
    writer = LedgerWriter(tmp_path / "LEDGER.jsonl", "run", FROZEN)

    def counted(fd: int, data: bytes) -> int:
        writes.append(data)
        return write(fd, data)

    monkeypatch.setattr(storage.disk, "write", counted)
    writer.append([activity("one"), activity("two")])
    writer.close()
    assert len(writes) == 1
    assert writes[0].count(b"\n") == 2


@given(st.data())
def test_any_cut_loses_nothing_but_the_torn_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = ledger_of(tmp_path_factory.mktemp("cut"), ["one", "zwei", "drei"])
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    padding = data.draw(st.sampled_from([b"", b"\0" * 40, b"\0" * 4096]))
    path.write_bytes(whole[:cut] + padding)
    complete = whole[:cut].count(b"\n")

    writer = LedgerWriter(path, "run", FROZEN)
    writer.append([activity("after")])
    writer.close()

    texts = [said(event)["text"] for event in read_events(path)]
    assert texts == [*["one", "zwei", "drei"][:complete], "after"]
    assert verify_chain(path).torn == 0
    torn = whole[:cut].rpartition(b"\n")[2] + padding
    assert (writer.set_aside is not None) == bool(torn)
    if writer.set_aside:
        assert (path.parent / writer.set_aside).read_bytes() == torn


def required_damage(path: Path, damaged: bytes, events: int) -> None:
    """A damaged ledger is refused, or shows a torn end; reading it never crashes."""
    path.write_bytes(damaged)
    with contextlib.suppress(LedgerError):
        head = verify_chain(path)
        assert head.torn > 0
        assert head.seq < events
    with contextlib.suppress(LedgerError):
        list(read_events(path))
    with contextlib.suppress(LedgerError):
        read_tail(path, 2)


def test_a_cut_at_any_byte_leaves_the_complete_lines(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, ["one", "zwei", "drei"])
    whole = path.read_bytes()
    for cut in range(len(whole)):
        filling = (b"", b"\0" * (len(whole) - cut), b"\0" * 4096)[cut % 3]
        path.write_bytes(whole[:cut] + filling)
        head = verify_chain(path)
        assert head.seq == whole[:cut].count(b"\n")
        assert head.length + head.torn == cut + len(filling)


def test_a_changed_byte_anywhere_is_seen(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, ["one", "zwei", "drei"])
    whole = path.read_bytes()
    for place in range(len(whole)):
        byte = (whole[place] ^ 1, whole[place] ^ 0x80, 0, ord("\n"))[place % 4]
        if byte != whole[place]:
            required_damage(path, whole[:place] + bytes([byte]) + whole[place + 1 :], 3)


@pytest.mark.parametrize("sector", [64, 512])
def test_a_sector_of_zeros_anywhere_is_seen(tmp_path: Path, sector: int) -> None:
    path = ledger_of(tmp_path, [str(number) * 40 for number in range(6)])
    whole = path.read_bytes()
    for start in range(0, len(whole), sector):
        length = min(sector, len(whole) - start)
        required_damage(path, whole[:start] + b"\0" * length + whole[start + length :], 6)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"two", b"TWO"), lines[2]], 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [lines[0], b"{}", lines[2]], 2),
        (lambda lines: [lines[0], lines[0], lines[1], lines[2]], 2),
    ],
    ids=["edited", "deleted", "swapped", "replaced", "doubled"],
)
def test_a_changed_middle_is_named_and_left_alone(tmp_path: Path, change, line: int) -> None:  # type: ignore[no-untyped-def]
    path = ledger_of(tmp_path, ["one", "two", "three"])
    changed = b"\n".join(change(path.read_bytes().splitlines())) + b"\n"
    path.write_bytes(changed)
    with pytest.raises(LedgerError, match=f"ledger line {line}, byte "):
        LedgerWriter(path, "run", FROZEN)
    assert path.read_bytes() == changed


@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("written", [0, 10])
def test_a_refused_append_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: int, written: int
) -> None:
    path = ledger_of(tmp_path, ["one"])
    before = path.read_bytes()
    writer = LedgerWriter(path, "run", FROZEN)
    write = storage.disk.write

    def fail(fd: int, data: bytes) -> int:
        if written:
            return write(fd, data[:written])
        raise OSError(problem, "refused")

    with monkeypatch.context() as patched:
        patched.setattr(storage.disk, "write", fail)
        with pytest.raises(StorageError, match="could not be appended to"):
            writer.append([activity("two")])
    assert path.read_bytes() == before
    writer.append([activity("three")])
    writer.close()
    assert [said(event)["text"] for event in read_events(path)] == ["one", "three"]


def test_after_a_failed_flush_nothing_follows_until_the_file_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ledger_of(tmp_path, ["one"])
    writer = LedgerWriter(path, "run", FROZEN)

    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "refused")

    with monkeypatch.context() as patched:
        patched.setattr(storage.disk, "fsync", fail)
        with pytest.raises(StorageError):
            writer.append([activity("two")])
    with pytest.raises(StorageError, match="in doubt"):
        writer.append([activity("three")])
    writer.close()
    again = LedgerWriter(path, "run", FROZEN)
    again.append([activity("four")])
    again.close()
    assert verify_chain(path).seq == 3


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_tail_is_the_end_of_the_whole(tmp_path: Path, limit: int) -> None:
    path = ledger_of(tmp_path, [str(number) * 50 for number in range(40)])
    assert read_tail(path, limit) == list(read_events(path))[-limit:]


def test_an_empty_ledger_has_an_empty_head(tmp_path: Path) -> None:
    (tmp_path / "LEDGER.jsonl").write_bytes(b"")
    assert verify_chain(tmp_path / "LEDGER.jsonl") == Head()
    assert read_tail(tmp_path / "LEDGER.jsonl", 5) == []
