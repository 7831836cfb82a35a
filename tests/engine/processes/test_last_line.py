"""The last complete line of a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.processes.last_line import LastLine


@pytest.mark.parametrize(
    ("chunks", "line"),
    [
        ([b"one\ntwo\nthr"], b"two"),
        ([b"o", b"ne", b"\n"], b"one"),
        ([b"one\n", b"\n", b"  \n"], b"one"),
        ([b"10 %\r", b"20 %\r", b"30"], b"20 %"),
        ([b"one\r\n"], b"one"),
        ([b"no end"], b""),
        ([b"x" * 9000, b"y" * 9000, b"\n"], b"x" * 4096),
    ],
)
def test_the_last_complete_line_is_remembered(chunks: list[bytes], line: bytes) -> None:
    lines = LastLine()
    for chunk in chunks:
        lines.feed(chunk)
    assert lines.line == line


@pytest.mark.parametrize(
    ("chunks", "line"),
    [
        ([b"one\nbroken off"], b"broken off"),
        ([b"one\n  "], b"one"),
        ([b"one\n", b"two\n"], b"two"),
        ([], b""),
    ],
)
def test_the_final_line_need_not_have_an_end(chunks: list[bytes], line: bytes) -> None:
    lines = LastLine()
    for chunk in chunks:
        lines.feed(chunk)
    assert lines.final == line


def test_only_a_newly_completed_line_is_announced() -> None:
    lines = LastLine()
    assert [lines.feed(chunk) for chunk in (b"on", b"e\n", b"\n", b"two")] == [
        False,
        True,
        False,
        False,
    ]


@given(st.lists(st.text("ab \n\r", max_size=8).map(str.encode), max_size=8))
def test_chunks_do_not_matter(chunks: list[bytes]) -> None:
    pieces, whole = LastLine(), LastLine()
    for chunk in chunks:
        pieces.feed(chunk)
    whole.feed(b"".join(chunks))
    assert pieces.line == whole.line
