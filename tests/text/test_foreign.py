"""Foreign text becomes cells, and nothing in it is obeyed."""

from __future__ import annotations

import pytest

from factory_tui.text.foreign import cells


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"plain", "plain"),
        (b"ends\r\n", "ends"),
        (b"a\tb", "a   b"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07x", "\\x1b]0;title\\x07x"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"\xff\x00", "\\xff\\x00"),
        (b" 10%\r 50%\r100%", "100%"),
        ("‮reversed".encode(), "\\u{202e}reversed"),
        (b"[bold]no markup[/]", "[bold]no markup[/]"),
    ],
)
def test_a_line_shows_what_is_in_it(data: bytes, seen: str) -> None:
    assert cells(data) == seen


def test_an_endless_line_is_cut() -> None:
    assert len(cells(b"x" * 1_000_000)) <= 4000
