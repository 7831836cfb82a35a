"""Whatever lies in a worker's outbox is taken or left out with words; it stops nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory_engine.artifacts import strict_json
from factory_engine.stages.outbox import read_outbox
from tests.hostile.mutation import mutated

NOTE = json.dumps(
    {"summary": "done", "decisions": ["a", "b"], "risks": [], "next_actions": ["c"]}
).encode()
NASTY = [b'"\\ud800"', b"1e999", b"[" * 40, b'{"summary":1,"summary":2}', b"null", b"\xff", b"[]"]


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outbox")


@settings(max_examples=300)
@given(st.integers(0, 2**48))
def test_a_spoiled_note_is_taken_whole_or_left_out_in_words(outbox: Path, seed: int) -> None:
    data = mutated(seed, [NOTE, *NASTY, NOTE.replace(b'"a"', NASTY[seed % len(NASTY)])])
    (outbox / "HANDOFF_NOTE.json").write_bytes(data)
    found = read_outbox(outbox)
    if found.handoff is None:
        assert found.warnings or not data
        assert all(words.isprintable() for words in found.warnings)
    else:
        assert found.warnings == ()
        assert set(found.handoff) == {"summary", "decisions", "risks", "next_actions"}
        assert strict_json.parse(strict_json.dump(found.handoff)) == found.handoff


@settings(max_examples=60)
@given(st.binary(max_size=400))
def test_any_bytes_may_be_a_summary(outbox: Path, data: bytes) -> None:
    (outbox / "SUMMARY.md").write_bytes(data)
    assert read_outbox(outbox).summary == data
