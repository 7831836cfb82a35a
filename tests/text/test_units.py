"""Numbers and times at a glance."""

from __future__ import annotations

import pytest

from factory_tui.text import units

S = units.SECOND_US


@pytest.mark.parametrize(
    ("us", "short", "sentence"),
    [
        (350_000, "350ms", "350 ms"),
        (4_200_000, "4.2s", "4.2 s"),
        (31 * S, "31s", "31.0 s"),
        (192 * S, "3m12s", "3m12s"),
        (7500 * S, "2h05m", "2h05m"),
    ],
)
def test_a_span_in_a_few_cells_and_in_a_sentence(us: int, short: str, sentence: str) -> None:
    assert (units.short(us), units.duration(us)) == (short, sentence)


def test_a_clock_that_went_back_shows_nothing_negative() -> None:
    assert (units.short(-5), units.hms(-5), units.ago(-5)) == ("0ms", "00:00:00", "0s")


def test_days_in_cells() -> None:
    assert units.short(4 * 86_400 * S) == "4d"
    assert units.hms(45_296 * S) == "12:34:56"


def test_an_instant_is_told_by_how_long_ago_it_was() -> None:
    now = 1_769_860_800 * S
    assert units.day(now, now) == "just now"
    assert units.day(now - 60 * S, now) == "1m00s ago"
    assert units.day(now - 3 * 86_400 * S, now) == "3d ago"
    assert units.day(now - 40 * 86_400 * S, now) == "2025-12-22"
    assert units.day(0, now) == units.NONE


def test_a_foreign_timestamp_is_no_time() -> None:
    assert units.clock_us("yesterday") == 0
    assert units.clock_us("2026-01-31T12:00:00.000000Z") == 1_769_860_800 * S


def test_what_was_changed() -> None:
    assert units.counts(10, 2) == "+10/-2"
    assert units.counts(0, 0) == units.NONE
    assert units.changes({"files": 1, "insertions": 3}) == "1 file +3 -0"
    assert units.plural(1_200, "event") == "1,200 events"


@pytest.mark.parametrize(
    ("number", "words"),
    [(512, "512 B"), (1_200, "1.2 kB"), (4_800_000, "4.8 MB"), (2 * 10**15, "2000.0 TB")],
)
def test_a_size_has_the_unit_that_fits(number: int, words: str) -> None:
    assert units.size(number) == words
