"""A ledger that is created and appended to: stopped at every call, cut short at every byte."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from factory_engine.errors import StorageError
from factory_engine.ledger import LedgerWriter, read_events
from tests.support.appending import FROZEN, Appending, activity
from tests.support.doomed import REFUSED, Fault, perform
from tests.support.event_json import said
from tests.support.faulty_disk import KILLED


@pytest.mark.parametrize("torn", [False, True], ids=["sound", "with a torn end"])
@pytest.mark.parametrize("fault", ["kill", "ENOSPC", "EIO", "EDQUOT"])
def test_every_call_of_an_append_may_be_the_last(tmp_path: Path, fault: str, torn: bool) -> None:
    for at in itertools.count(1):
        work = Appending(tmp_path / str(at) / "LEDGER.jsonl")
        work.path.parent.mkdir()
        before: list[str] = []
        if torn:
            work(before.append)
            with work.path.open("ab") as file:
                file.write(b'{"half a line')
        end = perform(work, Fault(fault, at))
        assert end.rc in ((KILLED, 0) if fault == "kill" else (REFUSED, 0))
        work.require_kept([*before, *end.acknowledged], whole_batches=fault != "kill")
        if end.rc == 0 and end.calls < at:
            break
    assert at > 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_FSIZE")
def test_a_write_that_stays_short_at_any_byte_leaves_no_trace(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "LEDGER.jsonl"
    Appending(path)(lambda _: None)
    before = path.read_bytes()
    writer = LedgerWriter(path, "run", FROZEN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    line = len(before) // 6
    for room in range(line):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        try:
            with pytest.raises(StorageError, match="could not be appended to"):
                writer.append([activity("one more")])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == before
    writer.append([activity("there is room now")])
    writer.close()
    assert [said(event)["text"] for event in read_events(path)][-1] == "there is room now"
