"""What FILES_CHANGED.json says against what is so."""

from __future__ import annotations

from typing import Any

import pytest

from factory_engine.artifacts.bundle import Change, ChangeType, FilesChanged
from factory_engine.git.diff import TreeChange
from factory_engine.patch.reader import read_patch
from factory_engine.rules.claims import compare_claims, compare_counts, kind_of
from tests.engine.rules.bundles import RUN_ID, WORKER, new_file

FILE, SCRIPT, LINK = "100644", "100755", "120000"
BASE = {b"old", b"kept", b"x"}


def digest(oid: str) -> str:
    return (oid * 64)[:64]


def added(path: bytes, oid: str = "1", mode: str = FILE) -> TreeChange:
    return TreeChange(path, None, mode, None, oid)


def deleted(path: bytes, oid: str = "1") -> TreeChange:
    return TreeChange(path, FILE, None, oid, None)


def modified(path: bytes, old: str = "1", new: str = "2") -> TreeChange:
    return TreeChange(path, FILE, FILE, old, new)


def claim(path: str, kind: ChangeType, oid: str = "1", **fields: Any) -> Change:
    return Change(path=path, change_type=kind, reason="", sha256=digest(oid), **fields)


def problems(claims: list[Change], actual: list[TreeChange], hashed: bool = True) -> list[str]:
    found = compare_claims(
        FilesChanged(run_id=RUN_ID, owner=WORKER, changes=claims),
        actual,
        {oid: digest(oid) for oid in "123456789"} if hashed else None,
        BASE.__contains__,
    )
    return [f"{item.code} {item.path}: {item.message}" for item in found]


RIGHT = {
    "nothing": ([], []),
    "added": ([claim("a", "added")], [added(b"a")]),
    "deleted": ([claim("old", "deleted")], [deleted(b"old")]),
    "modified": ([claim("old", "modified", "2")], [modified(b"old")]),
    "mode": (
        [claim("old", "mode", mode=SCRIPT)],
        [TreeChange(b"old", FILE, SCRIPT, "1", "1")],
    ),
    "content-and-mode": (
        [claim("old", "modified", "2", mode=SCRIPT)],
        [TreeChange(b"old", FILE, SCRIPT, "1", "2")],
    ),
    "type": ([claim("old", "modified", mode=LINK)], [TreeChange(b"old", FILE, LINK, "1", "1")]),
    "renamed": (
        [claim("new", "renamed", previous_path="old")],
        [added(b"new"), deleted(b"old")],
    ),
    "renamed-as-two": (
        [claim("new", "added"), claim("old", "deleted")],
        [added(b"new"), deleted(b"old")],
    ),
    "copied": ([claim("new", "copied", previous_path="old")], [added(b"new")]),
    "copied-and-modified": (
        [claim("new", "copied", previous_path="old"), claim("old", "modified", "2")],
        [added(b"new"), modified(b"old")],
    ),
    "copied-and-renamed": (
        [
            claim("new", "copied", previous_path="old"),
            claim("other", "renamed", previous_path="old"),
        ],
        [added(b"new"), added(b"other"), deleted(b"old")],
    ),
    "chain": (
        [claim("old", "renamed", previous_path="x"), claim("new", "renamed", previous_path="old")],
        [deleted(b"x"), modified(b"old", "2", "1"), added(b"new")],
    ),
    "swapped": (
        [
            claim("old", "renamed", "2", previous_path="x"),
            claim("x", "renamed", "1", previous_path="old"),
        ],
        [modified(b"old", "1", "2"), modified(b"x", "2", "1")],
    ),
    "unsorted": ([claim("b", "added"), claim("a", "added")], [added(b"a"), added(b"b")]),
    "bytes": ([claim("caf\udce9", "added")], [added(b"caf\xe9")]),
    "deleted-with-old-mode": ([claim("old", "deleted", mode=FILE)], [deleted(b"old")]),
    "deleted-with-no-mode": ([claim("old", "deleted", mode="000000")], [deleted(b"old")]),
    "submodule": ([claim("sub", "added", "9")], [added(b"sub", "7", "160000")]),
}


@pytest.mark.parametrize(("claims", "actual"), RIGHT.values(), ids=RIGHT)
def test_right_claims_are_right(claims: list[Change], actual: list[TreeChange]) -> None:
    assert problems(claims, actual) == []
    assert problems(claims, actual, hashed=False) == []


WRONG = {
    "hidden": ([], [added(b"a")], ["HIDDEN a"]),
    "hidden-side-of-rename": (
        [claim("new", "added")],
        [added(b"new"), deleted(b"old")],
        ["HIDDEN old"],
    ),
    "invented": ([claim("a", "added")], [], ["CLAIM_MISMATCH a"]),
    "content": ([claim("a", "added", "2")], [added(b"a")], ["CLAIM_MISMATCH a"]),
    "mode": ([claim("a", "added", mode=SCRIPT)], [added(b"a")], ["CLAIM_MISMATCH a"]),
    "added-is-modified": ([claim("old", "added", "2")], [modified(b"old")], ["CLAIM_MISMATCH old"]),
    "modified-is-mode": (
        [claim("old", "modified")],
        [TreeChange(b"old", FILE, SCRIPT, "1", "1")],
        ["CLAIM_MISMATCH old"],
    ),
    "mode-is-modified": ([claim("old", "mode", "2")], [modified(b"old")], ["CLAIM_MISMATCH old"]),
    "mode-is-type": (
        [claim("old", "mode")],
        [TreeChange(b"old", FILE, LINK, "1", "1")],
        ["CLAIM_MISMATCH old"],
    ),
    "rename-of-what-stays": (
        [claim("new", "renamed", previous_path="kept")],
        [added(b"new")],
        ["CLAIM_MISMATCH new"],
    ),
    "rename-of-what-is-modified": (
        [claim("new", "renamed", previous_path="old")],
        [added(b"new"), modified(b"old")],
        ["CLAIM_MISMATCH new"],
    ),
    "rename-onto": (
        [claim("kept", "renamed", "2", previous_path="old")],
        [modified(b"kept"), deleted(b"old")],
        ["CLAIM_MISMATCH kept"],
    ),
    "rename-without-source": ([claim("new", "renamed")], [added(b"new")], ["CLAIM_MISMATCH new"]),
    "copy-of-nothing": (
        [claim("new", "copied", previous_path="absent")],
        [added(b"new")],
        ["CLAIM_MISMATCH new"],
    ),
    "stray-previous-path": (
        [claim("new", "added", previous_path="old")],
        [added(b"new")],
        ["CLAIM_MISMATCH new"],
    ),
    "twice": ([claim("a", "added")] * 2, [added(b"a")], ["CLAIM_MISMATCH a"]),
    "twice-by-two-spellings": (
        [claim("é", "added"), claim("\udcc3\udca9", "added")],
        [added("é".encode())],
        ["CLAIM_MISMATCH é"],
    ),
    "renamed-twice": (
        [claim("a", "renamed", previous_path="old"), claim("b", "renamed", previous_path="old")],
        [added(b"a"), added(b"b"), deleted(b"old")],
        ["CLAIM_MISMATCH old"],
    ),
    "not-the-same-path": (
        [claim("./a", "added")],
        [added(b"a")],
        ["CLAIM_MISMATCH ./a", "HIDDEN a"],
    ),
}


@pytest.mark.parametrize(("claims", "actual", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_claims_are_told_one_by_one(
    claims: list[Change], actual: list[TreeChange], expected: list[str]
) -> None:
    assert [text.partition(":")[0] for text in problems(claims, actual)] == expected


def test_a_content_that_was_not_hashed_is_not_taken_for_right() -> None:
    (problem,) = problems([claim("a", "added", "a")], [added(b"a", "a")])
    assert "could not be read" in problem


def test_without_hashes_only_what_is_certain_is_told() -> None:
    claims = [claim("a", "added", "2", mode=SCRIPT), claim("old", "mode")]
    assert problems(claims, [added(b"a"), modified(b"old")], hashed=False) == []


def test_the_kind_of_a_change() -> None:
    assert kind_of(added(b"a")) == "added"
    assert kind_of(deleted(b"a")) == "deleted"
    assert kind_of(modified(b"a")) == "modified"


def test_numbers_of_lines_that_are_not_those_of_the_patch_are_a_warning() -> None:
    def warned(**numbers: Any) -> list[tuple[str, str]]:
        said = FilesChanged(run_id=RUN_ID, owner=WORKER, changes=[claim("a", "added", **numbers)])
        reading = read_patch(new_file(b"a", b"x\ny\n"))
        return [(v.code, v.severity) for v in compare_counts(said, reading, WORKER)]

    assert warned() == []
    assert warned(insertions=2, deletions=0) == []
    assert warned(insertions=200) == [("CLAIM_MISMATCH", "warning")]
    assert warned(deletions=1) == [("CLAIM_MISMATCH", "warning")]
