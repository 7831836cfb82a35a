"""How a wrong setting is told."""

from __future__ import annotations

import pytest

from factory_engine.config.wording import described, dotted, near_name, plain, shown, unknown_key


@pytest.mark.parametrize(
    ("value", "words"),
    [({}, "an empty object"), ([1], "a list"), ("x", "'x'"), (None, "null"), (True, "true")],
)
def test_a_value_has_a_few_words(value: object, words: str) -> None:
    assert described(value) == words


def test_a_place_is_dotted_with_its_positions() -> None:
    assert dotted(("workers", "A_worker", "checks", 0, "name")) == "workers.A_worker.checks[0].name"


def test_foreign_text_stays_one_harmless_line() -> None:
    assert "\n" not in shown("a\nb")
    assert plain("a\x1bb") == repr("a\x1bb")
    assert len(shown("x" * 500)) < 70


def test_a_wrong_name_is_told_the_nearest_else_all_of_them() -> None:
    assert near_name("sandbx", ("sandbox", "network")) == "did you mean 'sandbox'?"
    assert near_name("zzz", ("b", "a")) == "known here: a, b"
    assert near_name("zzz", [f"n{i:02}" for i in range(30)]) == "known here: n00 to n29"
    assert near_name("zzz", ()) == "none is known here"


def test_a_key_of_another_section_is_found_there() -> None:
    error = unknown_key(("run", "symlinks"), ("kind",), ("policy.symlinks",), "f.json")
    assert str(error) == "f.json: unknown key 'run.symlinks'; did you mean 'policy.symlinks'?"
