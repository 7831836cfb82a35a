"""Which characters of a changed line are the change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from factory_tui.console.diff.intraline import changed_parts


def marked(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("return x + 1", "return x + 2", ["1"], ["2"]),
        ("timeout=0)", "timeout=10, poll=True)", ["0"], ["10, poll=True"]),
        ("same", "same", [], []),
        ("alpha beta", "completely other words here", [], []),
    ],
)
def test_the_words_that_differ(old: str, new: str, gone: list[str], come: list[str]) -> None:
    before, after = changed_parts(old, new)
    assert (marked(old, before), marked(new, after)) == (gone, come)


def test_very_long_lines_are_compared_from_both_ends() -> None:
    old = "a, " * 5000 + "x" + ", b" * 5000
    new = "a, " * 5000 + "y" + ", b" * 5000
    before, after = changed_parts(old, new)
    assert (marked(old, before), marked(new, after)) == (["x"], ["y"])
