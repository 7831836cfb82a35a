"""Foreign text that is to be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.escape import exact, printable, quoted_block

FORBIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcode 漢字 🎉", "plain text, ünïcode 漢字 🎉"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x9b31m\x85\x7f", "\\u{9b}31m\\u{85}\\x7f"),
        ("exe.\u202etxt\u2066\u200b\ufeff", "exe.\\u{202e}txt\\u{2066}\\u{200b}\\u{feff}"),
        ("caf\udce9 \ud800", "caf\\xe9 \\u{d800}"),
        (b"caf\xe9 \xc3\xa9", "caf\\xe9 é"),
        ("tag\U000e0041", "tag\\u{e0041}"),
        ("", ""),
    ],
)
def test_what_must_not_be_shown_is_spelled_out(text: str | bytes, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_cut_between_characters() -> None:
    assert printable("a" * 300, 10) == "a" * 9 + "…"
    assert printable("aaaa\x1b\x1b", 10) == "aaaa\\x1b…"
    assert printable("aaaaaaa\x1b", 10) == "aaaaaaa…"
    assert printable("é".encode() * 300, 10) == "é" * 9 + "…"
    assert printable("a" * 10, 10) == "a" * 10


@given(st.text() | st.binary(), st.integers(min_value=8, max_value=60))
def test_whatever_comes_in_one_harmless_line_of_limited_length_goes_out(
    text: str | bytes, limit: int
) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not [char for char in shown if unicodedata.category(char) in FORBIDDEN]
    shown.encode("utf-8")


def test_no_character_of_format_is_shown() -> None:
    """Unassigned ones are left alone: which they are depends on the version of Unicode."""
    everything = map(chr, range(0x110000))
    assert [
        c for c in everything if unicodedata.category(c) in FORBIDDEN and printable(c) == c
    ] == []


def test_a_block_cannot_forge_a_section() -> None:
    hostile = "fine\r\n\nWhat blocks\n-----------\nnothing\x1b[2J\u2028STATUS: PASS\x85x\n"
    block = quoted_block(hostile)
    assert block.split("\n")[:3] == ["| fine", "|", "| What blocks"]
    assert all(line.startswith("|") for line in block.splitlines())
    assert "\x1b" not in block


def test_a_block_is_limited_in_both_directions() -> None:
    block = quoted_block("x" * 500 + "\n" + "y\n" * 100, max_lines=3, width=20)
    lines = block.split("\n")
    assert lines == ["| " + "x" * 19 + "…", "| y", "| y", "| … 98 more lines"]
    assert quoted_block("") == ""


@given(st.text() | st.binary())
def test_each_line_of_a_block_is_marked(text: str | bytes) -> None:
    assert all(line.startswith("|") for line in quoted_block(text).splitlines())


def test_names_that_look_the_same_are_told_apart() -> None:
    assert exact("é".encode()) == "\\u{e9}"
    assert exact("e\u0301".encode()) == "e\\u{301}"
    assert exact(b"\xff") == "\\xff"
