"""Colours of program text that begins anywhere."""

from __future__ import annotations

from factory_tui.console.diff.syntax import colored


def styles(path: str, lines: list[str]) -> list[list[tuple[str, str]]]:
    """For each line its coloured words and their styles."""
    found = colored(path, lines)
    return [
        [(line[start:end], name) for start, end, name in spans]
        for line, spans in zip(lines, found, strict=True)
    ]


def test_words_have_the_colour_of_what_they_are() -> None:
    (line,) = styles("a.py", ["def load(x): return 'a'  # why"])
    assert ("def", "keyword") in line
    assert ("load", "name") in line
    assert ("# why", "comment") in line


def test_a_piece_that_begins_inside_a_docstring_is_not_turned_inside_out() -> None:
    inside, closing, code = styles("a.py", ["    Raises: for", '    """', "    try:"])
    assert {name for _, name in inside} == {"string"}
    assert ("try", "keyword") in code
    assert closing


def test_a_piece_that_begins_inside_a_comment_is_not_either() -> None:
    inside, code = styles("a.c", ["   for ever */", "int x = 1;"])
    assert inside[0][1] == "comment"
    assert ("int", "type") in code


def test_unknown_names_and_endless_lines_have_no_colour() -> None:
    assert styles("what.unknown", ["def x"]) == [[]]
    assert styles("a.py", ["x = '" + "a" * 100_000 + "'", "def y"])[0] == []
