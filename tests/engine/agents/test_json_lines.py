"""The way from bytes to events, and into them."""

from __future__ import annotations

import pytest

from factory_engine.agents import json_lines
from factory_engine.agents.json_lines import JsonLines, objects, text, whole


def test_objects_are_found_whatever_stands_between_them() -> None:
    lines = JsonLines()
    assert lines.feed(b'warning\n{"a": 1}\r\n\n[2]\n{"a"') == [{"a": 1}]
    assert lines.feed(b": 3}") == []
    assert lines.feed(b"\n") == [{"a": 3}]
    assert lines.skipped == 2


def test_a_line_without_an_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "LINE_LIMIT", 100)
    lines = JsonLines()
    for _ in range(50):
        assert lines.feed(b'{"a": 1}  ') == []
    assert lines.feed(b'\n{"a": 2}\n') == [{"a": 2}]
    assert lines.skipped == 1


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), (2.6, 3), (True, 0), (-1, 0), ("3", 0), (None, 0), (1e300, 0), (float("nan"), 0)],
)
def test_only_what_can_be_counted_is_a_number(value: object, number: int) -> None:
    assert whole({"n": value}, "n") == number


def test_what_is_not_there_or_of_another_type_is_empty() -> None:
    assert text({"a": {"b": "c"}}, "a", "b") == "c"
    assert text({"a": ["b"]}, "a", "b") == ""
    assert text({"a": 5}, "a") == ""
    assert objects({"a": [1, {"b": 2}, None]}, "a") == [{"b": 2}]
    assert objects({"a": {"b": 2}}, "a") == []
