"""A line of output, safe to show."""

from __future__ import annotations

import pytest

from factory_engine.agents.one_line import one_line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"  plain\ttext \n", "plain text"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07shown", "shown"),
        (b"a\x07b", "a\\u{7}b"),
        ("a\u202eb".encode(), "a\\u{202e}b"),
        (b"\xff", "\ufffd"),
    ],
)
def test_nothing_of_it_steers_the_terminal(line: bytes, shown: str) -> None:
    assert one_line(line) == shown


def test_a_long_line_is_cut_and_says_so() -> None:
    assert one_line(b"x" * 500) == "x" * 199 + "\u2026"
