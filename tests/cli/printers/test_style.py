"""Colours of status words and the alignment of tables."""

from __future__ import annotations

from factory_tui.cli.printers.style import colored, plain, style, table


def test_only_a_status_word_has_a_colour_padded_or_not() -> None:
    assert colored("PASS  ") == "\x1b[32mPASS  \x1b[0m"
    assert colored("passage") == "passage"
    assert style(False) is plain


def test_columns_are_aligned_without_spaces_at_the_end() -> None:
    assert table([("a", "long"), ("bbb", "x")], header=("H", "I")) == [
        "H    I",
        "a    long",
        "bbb  x",
    ]


def test_no_rows_have_no_header() -> None:
    assert table([], header=("H",)) == []


def test_colours_do_not_count_for_the_width() -> None:
    coloured = table([("PASS", "x"), ("BLOCKED", "y")], paint=colored)
    assert coloured[0].endswith("  x")
    assert "PASS   " in coloured[0]
