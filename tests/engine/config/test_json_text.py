"""JSON written by hand: what is wrong with it, and where."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.config.json_text import MAX_DEPTH, AmbiguousJson, NotJson, parse

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


@given(JSON, st.sampled_from([None, 1]))
def test_every_document_reads_as_the_standard_library_reads_it(
    value: object, indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)
    assert parse(text) == json.loads(text)


@given(st.text(alphabet='{}[]:,"\\ue1-.\n x') | st.text())
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(NotJson):
            parse(text)
    else:
        with suppress(AmbiguousJson):
            assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n  "a": 2}', "key 'a' stands twice (line 2, column 3)"),
        ('{"a": 1, "\\u0061": 2}', "key 'a' stands twice (line 1, column 10)"),
        ('{"x": [{"b": 1, "b" : 1}]}', "key 'b' stands twice (line 1, column 17)"),
        ('{"a":\n NaN}', "NaN is not JSON (line 2, column 2)"),
        ("[-Infinity]", "-Infinity is not JSON (line 1, column 2)"),
        ('{"n": 1234567890123456}', "a number of more than 15 digits (line 1, column 7)"),
        ("9" * 5000 + ".", "a number of more than 15 digits (line 1, column 1)"),
        ("[" * 33, "nested more than 32 levels deep (line 1, column 33)"),
    ],
)
def test_what_readers_disagree_about_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(AmbiguousJson) as caught:
        parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('{"a": 1,}', "line 1, column 9"),
        ('{\n  // no\n  "a": 1\n}', "line 2, column 3"),
        ('{"a": "open', "line 1, column 7"),
        ('{"a": 1} 2', "line 1, column 10"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_place(text: str, place: str) -> None:
    with pytest.raises(NotJson, match=place):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"k": 1}, "b": {"k": 2}}',
        '[{"k": 1}, {"k": 2}]',
        '{"k": "k", "v": "NaN : {[ k"}',
        '{"a": "b", "b": "a"}',
        '{"d": 0.12345678901234567, "e": 12345678901234567.0, "f": 1234567890123456789e-9}',
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
    ],
)
def test_what_only_looks_ambiguous_is_read(text: str) -> None:
    assert parse(text) == json.loads(text)
