"""Names as a patch spells them."""

from __future__ import annotations

import pytest

from factory_engine.patch.names import header_names, side_name, unquote, without_prefix


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (b"a/plain", b"a/plain"),
        (b'"a/caf\\303\\251"', b"a/caf\xc3\xa9"),
        (b'"tab\\there"', b"tab\there"),
        (b'"quote\\"d"', b'quote"d'),
        (b'"bad\\x"', None),
        (b'"open', None),
        (b'"two" words', None),
    ],
)
def test_a_name_is_taken_out_of_its_quotes(token: bytes, name: bytes | None) -> None:
    assert unquote(token) == name


@pytest.mark.parametrize(
    ("rest", "names"),
    [
        (b"a/x b/x", (b"a/x", b"b/x")),
        (b"a/x y b/x y", (b"a/x y", b"b/x y")),
        (b"a/old b/new", (b"a/old", b"b/new")),
        (b"a/o ld b/new", None),
        (b'"a/\\303" "b/\\303"', (b"a/\xc3", b"b/\xc3")),
        (b'a/x "b/y"', (b"a/x", b"b/y")),
        (b'"a/x"b/y', None),
    ],
)
def test_two_names_are_told_apart_only_where_that_is_certain(
    rest: bytes, names: tuple[bytes, bytes] | None
) -> None:
    assert header_names(rest) == names


def test_a_tab_behind_a_name_is_not_of_it() -> None:
    assert side_name(b"a/x y\t") == b"a/x y"


def test_a_prefix_alone_is_no_name() -> None:
    assert without_prefix(b"a/x", b"a/") == b"x"
    assert without_prefix(b"a/", b"a/") is None
    assert without_prefix(b"x", b"a/") is None
