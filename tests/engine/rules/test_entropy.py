"""Words that look random, and files that are full of them by right."""

from __future__ import annotations

import pytest

from factory_engine.rules.entropy import is_listing_of_hashes, looks_random

RANDOM = b"Zq8Xw2Lp9Vt4Kc7Rm1Ns6Bd3Hf5Gj0Ya"
DIGEST = b"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("line", "random"),
    [
        (b'x = "' + RANDOM + b'"', True),
        (b"x = " + RANDOM, False),
        (b'x = "' + RANDOM.lower() + b'"', False),
        (b'x = "' + b"Aa1" * 12 + b'"', False),
        (b'digest = "' + DIGEST + b'"', False),
        (b'api_key = "' + DIGEST + b'"', True),
        (b'password: "' + DIGEST + b'"', True),
        (b'token = "' + b"0" * 40 + b'"', False),
    ],
)
def test_only_a_quoted_word_of_many_kinds_of_characters_looks_random(
    line: bytes, random: bool
) -> None:
    assert looks_random(line, 0, len(line)) is random


def test_only_the_line_itself_is_looked_at() -> None:
    line = b'x = "' + RANDOM + b'"'
    data = line + b"\nplain\n"
    assert not looks_random(data, len(line) + 1, len(data))


@pytest.mark.parametrize("path", [b"go.sum", b"a/yarn.lock", b"app.min.js", b"x.sha256"])
def test_lock_files_and_their_like_are_listings(path: bytes) -> None:
    assert is_listing_of_hashes(path)


def test_code_is_no_listing() -> None:
    assert not is_listing_of_hashes(b"src/lock.py")
