"""Names that some system takes for another name."""

from __future__ import annotations

import pytest

from factory_engine.rules.name_folding import (
    fold_component,
    fold_path,
    is_git_directory_name,
    special_name,
)


@pytest.mark.parametrize(
    ("name", "special"),
    [
        (b".git", ".git"),
        (b".GIT", ".git"),
        (b".git . .", ".git"),
        (b".git::$INDEX_ALLOCATION", ".git"),
        (b"git~1", ".git"),
        (".g\u200bit".encode(), ".git"),
        (b"GITMOD~1", ".gitmodules"),
        (b"gi7d29~4", ".gitattributes"),
        (b".gitignore", ""),
        (b"git", ""),
        (b"widget~x", ""),
    ],
)
def test_every_spelling_of_a_special_name_is_that_name(name: bytes, special: str) -> None:
    assert special_name(name) == special


def test_a_part_between_backslashes_counts_too() -> None:
    assert is_git_directory_name(b"a\\.Git\\hooks")
    assert not is_git_directory_name(b"a.git")


def test_paths_are_equal_when_only_case_or_normal_form_differ() -> None:
    assert fold_path("Stra\u00dfe/CAF\u00c9".encode()) == fold_path("STRASSE/cafe\u0301".encode())
    assert fold_path(b"A/b") == b"a/b"
    assert fold_path(b"a\xff") == b"a\xff"


def test_what_ntfs_drops_at_the_end_is_dropped() -> None:
    assert fold_component(b"Name. .") == fold_component(b"name:stream") == "name"
