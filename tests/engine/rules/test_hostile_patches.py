"""Patches that hide, lie or are none, and claims that are not true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.rules.bundles import Repository, codes, judge, lock, new_file
from tests.engine.rules.usual import EDIT, LINES, claims

QUOTED_PATHS = {
    "newline": (b"src/a\\nb", "NAME_CONTROL"),
    "return": (b"src/a\\r", "NAME_CONTROL"),
    "tab": (b"src/a\\tb", "NAME_CONTROL"),
    "delete": (b"src/a\\177", "NAME_CONTROL"),
    "backslash": (b"src\\\\b", "NAME_CHARACTER"),
    "octal-git": (b"src/\\056git/config", "PATH_GITDIR"),
}


@pytest.mark.parametrize(("path", "code"), QUOTED_PATHS.values(), ids=QUOTED_PATHS)
def test_a_quoted_path_is_judged_by_what_it_means(
    repository: Repository, path: bytes, code: str
) -> None:
    patch = (
        b'diff --git "a/%b" "b/%b"\nnew file mode 100644\n--- /dev/null\n+++ "b/%b"\n'
        b"@@ -0,0 +1 @@\n+x\n" % (path, path, path)
    )
    assert code in codes(judge(repository, patch, issued=lock(["**"])))


def test_a_quoted_path_does_not_hide(repository: Repository) -> None:
    patch = repository.patch_with({b"docs/caf\xc3\xa9.md": b"x\n"})
    assert b'"b/docs/caf\\303\\251.md"' in patch
    assert codes(judge(repository, patch, claims=[])) == {"SCOPE", "HIDDEN"}


def test_a_binary_change_does_not_hide(repository: Repository) -> None:
    patch = repository.patch_with({b"docs/image.bin": bytes(reversed(range(256)))})
    assert b"+++" not in patch
    assert codes(judge(repository, patch, claims=[])) == {"SCOPE", "HIDDEN"}


TRADITIONAL = b"--- %b/src/app.py\n+++ %b/src/app.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
MALFORMED = {
    "traditional": TRADITIONAL % (b"old", b"new"),
    "other-prefix": b"diff --git i/src/app.py w/src/app.py\n" + TRADITIONAL % (b"i", b"w"),
    "no-prefix": b"diff --git src/app.py src/app.py\n" + TRADITIONAL.replace(b"%b/", b""),
    "text-before": b"From: me\n\n" + new_file(b"src/a"),
    "text-after": new_file(b"src/a") + b"-- \n2.39.5\n",
    "blank-line-after": new_file(b"src/a") + b"\n",
    "traditional-behind": new_file(b"src/a") + TRADITIONAL % (b"a", b"b"),
    "twice": new_file(b"src/a") + new_file(b"src/a"),
    "cut": new_file(b"src/a", b"x\ny\nz\n")[:-2],
    "cut-in-a-line": new_file(b"src/a", b"x\ny\nz\n")[:-1],
    "too-many-lines": new_file(b"src/a") + b"+y\n",
    "combined": b"diff --cc src/a\nindex 1,2..3\n--- a/src/a\n+++ b/src/a\n@@@ -1 -1 +1 @@@\n++x\n",
    "crlf": new_file(b"src/a").replace(b"\n", b"\r\n"),
    "two-names": new_file(b"src/a").replace(b"+++ b/src/a", b"+++ b/docs/a"),
    "names-behind-rename": b"diff --git a/src/app.py b/src/x\nrename from docs/guide.md\n"
    b"rename to src/x\n",
    "no-content": b"diff --git a/docs/image.bin b/docs/image.bin\nindex 1234..5678 100644\n"
    b"Binary files a/docs/image.bin and b/docs/image.bin differ\n",
    "nothing": b"diff --git a/src/app.py b/src/app.py\n",
    "garbage": b"\xff\xfe\0garbage",
    "only-newlines": b"\n\n\n",
}


@pytest.mark.parametrize("patch", MALFORMED.values(), ids=MALFORMED)
def test_what_git_does_not_write_is_no_patch(repository: Repository, patch: bytes) -> None:
    assert "PATCH_FORMAT" in codes(judge(repository, patch))


def test_a_second_section_out_of_scope_is_seen_behind_a_broken_first(
    repository: Repository,
) -> None:
    patch = new_file(b"src/a") + b"+junk\n" + new_file(b"docs/evil")
    assert {"PATCH_FORMAT", "SCOPE", "HIDDEN"} <= codes(judge(repository, patch, claims=[]))


def test_a_claim_without_a_change_is_refused(repository: Repository) -> None:
    assert codes(judge(repository, b"", claims=claims("src/a"))) == {"CLAIM_MISMATCH"}


def test_a_claimed_formula_is_refused_and_not_repeated_raw(repository: Repository) -> None:
    verdict = judge(repository, b"", claims=claims("src/=cmd|' /C calc'!A0"))
    assert "CLAIM_MISMATCH" in codes(verdict)


def test_a_change_without_a_claim_is_refused(repository: Repository) -> None:
    verdict = judge(repository, repository.patch_with(EDIT), claims=[])
    assert [(v.code, v.path) for v in verdict.errors] == [("HIDDEN", "src/app.py")]


@pytest.mark.parametrize(
    "field",
    [
        {"change_type": "modified"},
        {"change_type": "deleted"},
        {"sha256": "0" * 64},
        {"mode": "100755"},
        {"change_type": "renamed", "previous_path": "src/app.py"},
        {"change_type": "renamed"},
        {"change_type": "copied", "previous_path": "src/absent"},
    ],
    ids=lambda field: "-".join(str(value)[:12] for value in field.values()),
)
def test_a_claim_that_is_not_true_is_refused(repository: Repository, field: dict[str, str]) -> None:
    said = claims("src/a", **{"mode": "100644", **field})
    assert codes(judge(repository, new_file(b"src/a"), claims=said)) == {"CLAIM_MISMATCH"}


def test_true_claims_about_the_same_change_pass(repository: Repository) -> None:
    said = claims("src/a", mode="100644", insertions=1, deletions=0, binary=False)
    assert codes(judge(repository, new_file(b"src/a"), claims=said)) == set()


def test_content_in_another_encoding_is_legal(repository: Repository) -> None:
    patch = repository.patch_with({b"src/app.py": b"one\ncaf\xe9\nthree\n"})
    assert codes(judge(repository, patch)) == set()


def test_content_that_looks_like_a_header_is_content(repository: Repository) -> None:
    content = (
        b"diff --git a/docs/x b/docs/x\n--- a/docs/x\n+++ b/docs/x\n@@ -1 +1 @@\n-x\n+y\n"
        b"rename from docs/x\n\\ No newline at end of file\nGIT binary patch\nliteral 5\n"
    )
    patch = repository.patch_with({b"src/fake.txt": content})
    assert codes(judge(repository, patch)) == set()


def test_removed_content_that_looks_like_a_header_is_content(tmp_path: Path) -> None:
    content = b"-- a/docs/x\n++ b/docs/x\n@@ -1 +1 @@\ndiff --git a/docs/x b/docs/x\n"
    repository = Repository.create(tmp_path / "r.git", {b"src/x": content + b"end\n"})
    patch = repository.patch_with({b"src/x": b"end\n"})
    assert b"\n--- a/docs/x\n-++ b/docs/x\n" in patch
    assert codes(judge(repository, patch)) == set()


def test_a_patch_for_another_base_is_refused(repository: Repository) -> None:
    patch = repository.patch_with(EDIT).replace(b"-two", b"-zwei")
    assert "PATCH_BASE" in codes(judge(repository, patch))


def test_ids_of_other_contents_are_refused_when_they_are_whole(repository: Repository) -> None:
    patch = repository.patch_with(EDIT)
    line = next(line for line in patch.split(b"\n") if line.startswith(b"index "))
    invented = patch.replace(line, b"index " + b"1" * 40 + b".." + b"2" * 40 + b" 100644")
    assert codes(judge(repository, invented)) == {"PATCH_BASE"}


def test_short_invented_ids_are_a_warning(repository: Repository) -> None:
    patch = repository.patch_with(EDIT)
    line = next(line for line in patch.split(b"\n") if line.startswith(b"index "))
    verdict = judge(repository, patch.replace(line, b"index 0000000..1111111 100644"))
    assert codes(verdict) == set()
    assert {item.code for item in verdict.warnings} == {"PATCH_BASE"}


def test_a_patch_without_ids_passes(repository: Repository) -> None:
    patch = repository.patch_with(EDIT)
    line = next(line for line in patch.split(b"\n") if line.startswith(b"index "))
    assert judge(repository, patch.replace(line + b"\n", b"")).violations == ()


def test_a_hunk_for_another_line_is_refused(repository: Repository) -> None:
    edited = LINES.replace(b"line 9\n", b"line nine\n")
    patch = repository.patch_with({b"src/long.txt": edited})
    moved = patch.replace(b"@@ -6,7 +6,7 @@", b"@@ -16,7 +16,7 @@")
    assert moved != patch
    assert codes(judge(repository, moved)) == {"PATCH_OFFSET"}


def test_a_hunk_whose_two_lines_disagree_is_refused(repository: Repository) -> None:
    edited = LINES.replace(b"line 9\n", b"line nine\n")
    patch = repository.patch_with({b"src/long.txt": edited})
    moved = patch.replace(b"@@ -6,7 +6,7 @@", b"@@ -16,7 +6,7 @@")
    assert codes(judge(repository, moved)) == {"PATCH_OFFSET"}


def test_a_mode_that_git_would_put_right_is_refused(repository: Repository) -> None:
    assert "MODE" in codes(judge(repository, new_file(b"src/a", mode="104755")))
