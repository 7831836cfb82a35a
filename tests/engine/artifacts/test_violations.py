"""The list of codes, and the page that explains it."""

from __future__ import annotations

import re
from pathlib import Path

from factory_engine.artifacts.violations import Code, ordered, violation

DOCS = Path(__file__).resolve().parents[3] / "docs" / "violations.md"


def test_the_page_explains_every_code_and_no_other() -> None:
    explained = re.findall(r"^\| `([A-Z_]+)` \| \S.* \| \S.* \|$", DOCS.read_text("utf-8"), re.M)
    assert len(explained) == len(set(explained))
    assert set(explained) == {code.value for code in Code}


def test_a_code_is_spelled_as_it_is_named() -> None:
    assert [code.name for code in Code] == [code.value for code in Code]


def test_a_violation_holds_a_plain_word_and_a_path_that_can_be_any_bytes() -> None:
    found = violation(Code.SCOPE, "is out", path=b"caf\xe9")
    assert type(found.code) is str
    assert found.path == "caf\udce9"


def test_violations_are_sorted_errors_first_and_stand_once() -> None:
    warning = violation(Code.SCOPE, "a", worker_id="A_worker", severity="warning")
    errors = [violation(Code.SCOPE, "a", worker_id="B_worker", path=path) for path in (b"x", b"a")]
    assert ordered([warning, *errors, *errors]) == [errors[1], errors[0], warning]
