"""What a worker left in its outbox."""

from __future__ import annotations

import json
from pathlib import Path

from factory_engine.stages.outbox import MAX_WORDS_BYTES, read_outbox


def test_without_one_there_are_no_words(tmp_path: Path) -> None:
    assert read_outbox(None) == read_outbox(tmp_path)


def test_its_words_are_taken_and_missing_fields_are_empty(tmp_path: Path) -> None:
    (tmp_path / "SUMMARY.md").write_text("done\n")
    (tmp_path / "HANDOFF_NOTE.json").write_text(json.dumps({"summary": "s", "risks": ["r"]}))
    outbox = read_outbox(tmp_path)
    assert (outbox.summary, outbox.warnings) == (b"done\n", ())
    assert outbox.handoff == {"summary": "s", "decisions": [], "risks": ["r"], "next_actions": []}


def test_what_cannot_be_taken_is_left_out_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "SUMMARY.md").write_bytes(b"x" * (MAX_WORDS_BYTES + 1))
    (tmp_path / "SUGGESTIONS.md").symlink_to("elsewhere")
    for note in ('["no object"]', '{"risks": [1]}', '{"risks": "text"}', '{"a": 1, "a": 2}'):
        (tmp_path / "HANDOFF_NOTE.json").write_text(note)
        outbox = read_outbox(tmp_path)
        assert (outbox.summary, outbox.suggestions, outbox.handoff) == (b"", b"", None)
        assert len(outbox.warnings) == 3
