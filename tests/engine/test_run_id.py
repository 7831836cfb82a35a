"""Run ids: made the same from the same, refused where a system could not take them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine import run_id
from factory_engine.errors import UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOON_US = 1_769_860_800_000_000  # 2026-01-31T12:00:00Z


def test_an_id_tells_kind_second_base_and_number() -> None:
    made = run_id.make("oneshot", NOON_US + 999_999, COMMIT, set())
    assert made == "oneshot_20260131T120000Z_01234567_001"


def test_the_first_free_number_is_taken() -> None:
    prefix = "launch_20260131T120000Z_01234567_"
    taken = {f"{prefix}001", f"{prefix}003"}
    assert run_id.make("launch", NOON_US, COMMIT, taken) == f"{prefix}002"


def test_the_thousandth_run_of_a_second_gets_four_digits() -> None:
    taken = {f"launch_20260131T120000Z_01234567_{number:03d}" for number in range(1, 1000)}
    made = run_id.make("launch", NOON_US, COMMIT, taken)
    assert made.endswith("_1000")
    assert run_id.started_at(made) == NOON_US


@pytest.mark.parametrize("kind", ["", "Oneshot", "one_shot", "1shot", "a" * 33, "oné", "a\n"])
def test_a_kind_that_would_blur_the_id_is_refused(kind: str) -> None:
    with pytest.raises(UsageError, match="cannot be the kind of a run"):
        run_id.make(kind, NOON_US, COMMIT, set())


@pytest.mark.parametrize("commit", ["", "0123456", "HEAD", COMMIT.upper()])
def test_a_base_that_is_no_object_id_is_a_bug(commit: str) -> None:
    with pytest.raises(ValueError, match="no object id"):
        run_id.make("oneshot", NOON_US, commit, set())


@given(
    kind=st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    second=st.integers(0, 99_999_999_999),
    commit=st.from_regex(r"[0-9a-f]{40}", fullmatch=True),
)
def test_every_made_id_is_valid_and_gives_its_second_back(
    kind: str, second: int, commit: str
) -> None:
    made = run_id.make(kind, second * 1_000_000, commit, set())
    assert run_id.validate(made) == made
    assert run_id.started_at(made) == second * 1_000_000


@pytest.mark.parametrize(
    "text", ["a", "7", "Release-1.2_x", "a" * 128, "console", "com10", "conx.y"]
)
def test_a_pinned_id_may_be_any_portable_name(text: str) -> None:
    assert run_id.validate(text) == text


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", ".x", "-x", "_x", "a/b", "a\\b", "a b", "a\n", "é", "\u0661", "a" * 129, "a:b"],
)
def test_other_characters_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="use 1 to 128 of"):
        run_id.validate(text)


def test_a_dot_at_the_end_is_refused_because_windows_drops_it() -> None:
    with pytest.raises(UsageError, match="leave out the dot"):
        run_id.validate("release.")


@pytest.mark.parametrize("text", ["con", "NUL", "Aux.txt", "com1", "LPT9.a.b", "prn.x", "COM0"])
def test_a_windows_device_is_refused_with_any_extension(text: str) -> None:
    with pytest.raises(UsageError, match="no device on Windows"):
        run_id.validate(text)


@pytest.mark.parametrize(
    "text",
    [
        "release-1",
        "oneshot_20260231T120000Z_01234567_001",
        "oneshot_20260131T250000Z_01234567_001",
        "oneshot_20260131T120000Z_01234567_01",
        "oneshot_20260131T120000Z_0123456_001",
        "oneshot_20260131T120000Z_01234567_001x",
        "oneshot_\u06620260131T120000Z_01234567_001",
    ],
)
def test_an_id_of_another_form_tells_no_time(text: str) -> None:
    assert run_id.started_at(text) is None
