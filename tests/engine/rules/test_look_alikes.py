"""Names that some system, or the eye, takes for another name of base or of another worker."""

from __future__ import annotations

import pytest

from factory_engine.git.diff import TreeChange
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.collisions import collision_violations
from factory_engine.rules.short_names import is_short, long_names

FILE = "100644"


def found(base: list[bytes], new: list[bytes]) -> list[tuple[str, str]]:
    index = BaseIndex.of([(path, FILE, "1" * 40) for path in base])
    changes = {"A_worker": [TreeChange(path, None, FILE, None, "2" * 40) for path in new]}
    return [(one.path, one.message) for one in collision_violations(changes, index)]


@pytest.mark.parametrize(
    "spelled",
    [
        "sr\u200bc/app.py",
        "src/app\u200d.py",
        "src/app.py\ufeff",
        "src/ap\u2060p.py",
        "src/app\ufe0f.py",
        "src/a\u00adpp.py",
        "src/app\U000e0041.py",
        "src/a\u3164pp.py",
        "SRC/app\u034f.py",
    ],
)
def test_characters_without_width_make_no_other_name(spelled: str) -> None:
    assert len(found([b"src/app.py"], [spelled.encode()])) == 1


@pytest.mark.parametrize("name", ["src/\u4f60\u597d.py", "src/app-1.py", "src/\U0001f600.md"])
def test_other_names_are_other_names(name: str) -> None:
    assert found([b"src/app.py"], [name.encode()]) == []


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (b"CODEOWNERS", b"CODEOW~1"),
        (b"src/configuration.py", b"src/CONFIG~1.PY"),
        (b"src/configuration.py", b"src/config~2.py"),
        (b"package.json", b"PACKAG~1.JSO"),
        (b".env.production", b"ENV~1.PRO"),
        (b".editorconfig", b"EDITOR~1"),
        (b"program files/x", b"PROGRA~1/x"),
        (b"conftest+more.py", b"CONFTE~1.PY"),
        (b"requirements.txt", b"REQUI~10.TXT"),
        (b"requirements.txt", b"RE1A2B~1.TXT"),
        (b"a.b.json", b"AB~1.JSO"),
    ],
)
def test_a_short_form_of_a_name_of_base_is_that_name(long: bytes, short: bytes) -> None:
    ((path, message),) = found([long], [short])
    assert path.encode().split(b"/")[0] in short
    assert "short form" in message


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (b"main.py", b"MAIN~1.PY"),
        (b"src/configuration.py", b"CONFIG~1.PY"),
        (b"src/configuration.py", b"src/CONFIG~1.TXT"),
        (b"src/configuration.py", b"src/backup~1.py"),
        (b"src/configuration.py", b"src/configuration.py~"),
        (b"src/configuration.py", b"src/configuration~1.py"),
    ],
)
def test_what_only_looks_like_a_short_form_is_none(long: bytes, short: bytes) -> None:
    assert found([long], [short]) == []


def test_a_short_form_of_a_name_that_is_removed_is_free() -> None:
    index = BaseIndex.of([(b"CODEOWNERS", FILE, "1" * 40)])
    changes = {
        "A_worker": [
            TreeChange(b"CODEOWNERS", FILE, None, "1" * 40, None),
            TreeChange(b"CODEOW~1", None, FILE, None, "2" * 40),
        ]
    }
    assert list(collision_violations(changes, index)) == []


def test_a_short_form_of_another_workers_new_name_is_that_name() -> None:
    changes = {
        "A_worker": [TreeChange(b"very long name", None, FILE, None, "2" * 40)],
        "B_worker": [TreeChange(b"VERYLO~1", None, FILE, None, "3" * 40)],
    }
    (one,) = collision_violations(changes, BaseIndex())
    assert "A_worker" in one.message
    assert "B_worker" in one.message


def test_only_tilde_and_number_make_a_short_form() -> None:
    assert is_short(b"PROGRA~1")
    assert is_short(b"A~1.B")
    assert not is_short(b"~1")
    assert not is_short(b"PROGRAM~1")
    assert long_names(b"plain", [b"plain text"]) == []
