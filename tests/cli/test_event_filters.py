"""What the options of `factory ledger` take, and what they let through."""

from __future__ import annotations

import argparse

import pytest

from factory_tui.cli.event_filters import actor, event_type, since, status, wanted

EVENT: dict[str, object] = {
    "ts_utc": "2026-01-31T12:00:00.000000Z",
    "actor": "A_worker",
    "event_type": "worker.finished",
    "details": {"status": "PASS"},
}


def options(**given: str) -> argparse.Namespace:
    return argparse.Namespace(
        **{"since": None, "actor": None, "event_type": None, "status": None} | given
    )


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ({}, True),
        ({"since": since("2026-01-31T12:00:00Z")}, True),
        ({"since": since("2026-01-31T12:00:01+00:00")}, False),
        ({"actor": actor("a")}, True),
        ({"actor": actor("Z")}, False),
        ({"event_type": event_type("worker.*")}, True),
        ({"event_type": event_type("stage.started")}, False),
        ({"status": status("pass")}, True),
        ({"status": status("FAIL")}, False),
    ],
)
def test_each_option_lets_through_what_it_names(given: dict[str, str], passes: bool) -> None:
    assert wanted(options(**given))(EVENT) is passes


def test_an_age_is_counted_back_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1769860800")
    assert since("15m") == "2026-01-31T11:45:00.000000Z"
    assert since("99999999w") < since("1d")


@pytest.mark.parametrize(
    ("read", "text", "hint"),
    [
        (since, "soon", "is no time"),
        (event_type, "worker.fnished", "did you mean 'worker.finished'"),
        (status, "PAS", "did you mean 'PASS'"),
    ],
)
def test_a_wrong_word_is_told_with_a_way_out(read, text: str, hint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(argparse.ArgumentTypeError, match=hint):
        read(text)
