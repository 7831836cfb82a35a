"""The five words."""

from __future__ import annotations

import pytest

from factory_engine.status import Status, worst


def test_three_of_them_are_verdicts() -> None:
    assert [s for s in Status if s.is_verdict] == [Status.PASS, Status.BLOCKED, Status.FAIL]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), Status.PASS),
        ((Status.PASS, Status.PASS), Status.PASS),
        ((Status.PASS, Status.BLOCKED), Status.BLOCKED),
        ((Status.FAIL, Status.BLOCKED, Status.PASS), Status.FAIL),
    ],
)
def test_the_worst_counts(statuses: tuple[Status, ...], expected: Status) -> None:
    assert worst(statuses) is expected
