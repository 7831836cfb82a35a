"""When a line of a log was written, as far as anybody knows."""

from __future__ import annotations

from factory_tui.console.logs.log_times import LogTimes

NOON = 1_769_860_800_000_000  # 2026-01-31T12:00:00Z


def test_a_quoted_line_has_the_time_of_the_ledger() -> None:
    times = LogTimes({"make": "2026-01-31T11:22:33.000000Z"})
    times.came(0, NOON)
    assert times.of(5, "make") == "11:22:33"


def test_another_has_the_time_at_which_it_came() -> None:
    times = LogTimes({})
    times.came(10, NOON)
    times.came(20, NOON + 61_000_000)
    assert [times.of(number, "x") for number in (9, 10, 19, 20)] == [
        "",
        "12:00:00",
        "12:00:00",
        "12:01:01",
    ]
