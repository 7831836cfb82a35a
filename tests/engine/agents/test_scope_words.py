"""Patterns of a scope lock in words."""

from __future__ import annotations

import pytest

from factory_engine.agents.scope_words import pattern_in_words, patterns_in_words


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("**", "everything"),
        ("src/**", "everything below src/"),
        ("src/", "everything below any folder called src/"),
        ("/src/", "everything below src/"),
        ("a.md", "the file or folder a.md in any folder"),
        ("docs/a.md", "the file or folder docs/a.md"),
        ("*.md", "whatever fits the pattern in any folder"),
        ("src/*.py", "whatever fits the pattern"),
    ],
)
def test_each_form_has_words_and_is_quoted_beside_them(pattern: str, words: str) -> None:
    assert pattern_in_words(pattern) == f"{words} (`{pattern}`)"


def test_an_exception_is_told_as_one() -> None:
    assert pattern_in_words("!src/x") == "but not the file or folder src/x (`!src/x`)"


def test_comments_and_blank_patterns_have_no_words() -> None:
    assert patterns_in_words(["# no", " ", "a/**"]) == ["everything below a/ (`a/**`)"]
