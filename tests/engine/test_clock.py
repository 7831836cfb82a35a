"""The only reader of time, moving and standing still."""

from __future__ import annotations

import pytest

from factory_engine.clock import Clock, from_rfc3339, to_rfc3339
from factory_engine.errors import UsageError


def test_a_moment_and_its_text_are_each_others_inverse() -> None:
    for moment in (0, 1, 1_769_860_800_123_456):
        assert from_rfc3339(to_rfc3339(moment)) == moment
    assert to_rfc3339(1_769_860_800_000_000) == "2026-01-31T12:00:00.000000Z"


@pytest.mark.parametrize("text", ["", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000+1"])
def test_any_other_form_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        from_rfc3339(text)


def test_with_source_date_epoch_it_stands_still() -> None:
    clock = Clock.from_environment({"SOURCE_DATE_EPOCH": "1769860800"})
    assert clock.timestamp() == "2026-01-31T12:00:00.000000Z"
    assert clock.stopwatch_ms() == 0
    assert clock.now_us() == clock.now_us()


@pytest.mark.parametrize("value", ["-1", "soon", "1.5"])
def test_an_epoch_that_is_no_number_is_a_mistake(value: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        Clock.from_environment({"SOURCE_DATE_EPOCH": value})


def test_without_it_it_goes_on() -> None:
    clock = Clock.from_environment({})
    assert 0 < clock.now_us() <= clock.now_us()
