"""The note of the last acknowledged event."""

from __future__ import annotations

from pathlib import Path

from factory_engine.ledger_receipt import Acknowledged, Receipt, read_receipt


def test_the_newest_note_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "acknowledged"
    receipt = Receipt(path)
    receipt.note(1, "a" * 64)
    receipt.note(2, "b" * 64)
    receipt.close()
    receipt.close()
    assert read_receipt(path) == Acknowledged(2, "b" * 64)


def test_a_torn_or_missing_note_is_none(tmp_path: Path) -> None:
    path = tmp_path / "acknowledged"
    assert read_receipt(path) is None
    receipt = Receipt(path)
    receipt.note(1, "a" * 64)
    receipt.close()
    whole = path.read_bytes()
    for torn in (whole[:-1], whole.replace(b"a", b"c", 1), b"", whole + whole):
        path.write_bytes(torn)
        assert read_receipt(path) is None


def test_a_disk_that_refuses_leaves_the_caller_alone(tmp_path: Path) -> None:
    receipt = Receipt(tmp_path / "no folder" / "acknowledged")
    receipt.note(1, "a" * 64)
    receipt.close()
