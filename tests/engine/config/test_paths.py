"""Which texts name a place for good."""

from __future__ import annotations

import pytest

from factory_engine.config.paths import is_fixed, not_fixed


@pytest.mark.parametrize(
    ("text", "fixed"), [("/var/x", True), ("~/x", True), ("~", True), ("x", False), ("./x", False)]
)
def test_a_place_is_fixed_where_no_folder_changes_it(text: str, fixed: bool) -> None:
    assert is_fixed(text) is fixed


def test_the_clause_shows_the_text() -> None:
    assert not_fixed("x\n") == "expected an absolute path or one from ~, not 'x\\n'"
