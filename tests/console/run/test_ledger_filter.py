"""The language of the filter line."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.ledger import read_events
from factory_tui.console.run.ledger_filter import LedgerFilter
from tests.console import builders as b


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 24),
        ("worker=A", 3),
        ("worker=a_*", 3),
        ("type=worker.*", 8),
        ("type=bundle.judged worker=C", 1),
        ("!worker=-", 13),
        ("status=BLOCKED", 4),
        ("pyproject", 4),
        ("pyproject !worker=C", 3),
        ("since=14:14:36", 2),
        ("nothing-has-this", 0),
        ("!", 0),
        ("=x", 0),
    ],
)
def test_a_filter_lets_through_what_it_says(tmp_path: Path, text: str, expected: int) -> None:
    events = list(read_events(b.write_run(tmp_path, b.blocked()).ledger))
    assert len(LedgerFilter(text).choose(events)) == expected
