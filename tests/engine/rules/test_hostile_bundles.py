"""Bundles that try to get something past the judging, each with the codes that must stop it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory_engine.rules.policy import Policy
from tests.engine.rules.bundles import (
    RUN_ID,
    ArtifactProblem,
    Repository,
    codes,
    gather,
    judge,
    judge_again,
    lock,
    new_file,
)

CAFE = "caf\u00e9".encode()
CAFE_DECOMPOSED = "cafe\u0301".encode()
LINES = b"".join(b"line %d\n" % number for number in range(1, 31))

BASE: dict[bytes, Any] = {
    b"src/app.py": b"one\ntwo\nthree\n",
    b"src/long.txt": LINES,
    b"src/" + CAFE: b"coffee\n",
    b"src/link": ("120000", b"../docs"),
    b"docs/guide.md": b"# Guide\n",
    b"docs/image.bin": bytes(range(256)),
    b"README.md": b"hello\n",
}
EDIT = {b"src/app.py": b"one\n2\nthree\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.create(tmp_path / "repository.git", BASE)


def claims(*paths: str, **fields: Any) -> list[dict[str, Any]]:
    """Claims about files that were added with the content of `new_file`."""
    said = {
        "change_type": "added",
        "reason": "test",
        "sha256": "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac",
        **fields,
    }
    return [{"path": path, **said} for path in paths]


def test_a_good_bundle_passes(repository: Repository) -> None:
    assert judge(repository, repository.patch_with(EDIT)).violations == ()


def test_an_empty_bundle_passes(repository: Repository) -> None:
    assert judge(repository, b"").violations == ()


def test_a_bundle_with_every_kind_of_change_passes(repository: Repository) -> None:
    patch = repository.patch_with(
        {
            b"src/app.py": ("100755", b"one\ntwo\nthree\n"),
            b"src/new name.txt": b"no newline at the end",
            b"src/long.txt": None,
            b"src/moved.txt": LINES + b"more\n",
            b"src/" + CAFE: None,
            b"src/empty": b"",
            b"src/blob": b"\0\1\2" * 100,
        }
    )
    assert judge(repository, patch).violations == ()


PLAIN_PATHS = {
    "dots": (b"../evil", "PATH_TRAVERSAL"),
    "dots-inside": (b"src/../../evil", "PATH_TRAVERSAL"),
    "dot": (b"src/./a", "PATH_TRAVERSAL"),
    "empty-step": (b"src//a", "PATH_TRAVERSAL"),
    "windows-dots": (b"src/..\\..\\evil", "PATH_TRAVERSAL"),
    "dots-and-space": (b"src/.. /evil", "PATH_TRAVERSAL"),
    "absolute": (b"/etc/cron.d/evil", "PATH_ABSOLUTE"),
    "drive": (b"C:/evil", "PATH_ABSOLUTE"),
    "drive-relative": (b"c:evil", "PATH_ABSOLUTE"),
    "unc": (b"//server/share", "PATH_ABSOLUTE"),
    "unc-backslash": (b"\\\\server\\share", "PATH_ABSOLUTE"),
    "git": (b".git/hooks/pre-commit", "PATH_GITDIR"),
    "git-case": (b"src/.GiT/config", "PATH_GITDIR"),
    "git-hfs": ("src/.g\u200cit/config".encode(), "PATH_GITDIR"),
    "git-short-name": (b"src/GIT~1/config", "PATH_GITDIR"),
    "git-stream": (b"src/.git::$INDEX_ALLOCATION/config", "PATH_GITDIR"),
    "git-trailing-dot": (b"src/.git./config", "PATH_GITDIR"),
    "git-trailing-space": (b"src/.git /config", "PATH_GITDIR"),
    "git-backslash": (b"src/a\\.git\\config", "PATH_GITDIR"),
    "git-full-width": ("src/\uff0e\uff47it/config".encode(), "PATH_GITDIR"),
    "device": (b"src/NUL", "NAME_DEVICE"),
    "device-extension": (b"src/com1.txt", "NAME_DEVICE"),
    "trailing-dot": (b"src/name.", "NAME_TRAILING"),
    "trailing-space-folder": (b"src/name /a", "NAME_TRAILING"),
    "colon": (b"src/a:stream", "NAME_CHARACTER"),
    "question-mark": (b"src/what?", "NAME_CHARACTER"),
    "long-name": (b"src/" + b"n" * 300, "NAME_LENGTH"),
    "long-path": (b"src/" + b"/".join([b"folder"] * 200), "NAME_LENGTH"),
    "deep": (b"src" + b"/d" * 150, "NAME_LENGTH"),
    "c1": (b"src/a\xc2\x85b", "NAME_CONTROL"),
    "bidi": ("src/a\u202egp.exe".encode(), "NAME_CONTROL"),
    "latin-1": (b"src/caf\xe9", "NAME_ENCODING"),
    "runs": (b"tools/codex/runs/x/LEDGER.jsonl", "PROTECTED"),
    "runs-case": (b"Tools/CODEX/runs./x", "PROTECTED"),
    "in-place-of-runs": (b"tools/codex", "PROTECTED"),
    "env": (b"src/.env", "PROTECTED"),
    "workflow": (b".github/workflows/ci.yml", "PROTECTED"),
}


@pytest.mark.parametrize(("path", "code"), PLAIN_PATHS.values(), ids=PLAIN_PATHS)
def test_a_path_that_is_not_safe_everywhere_is_refused(
    repository: Repository, path: bytes, code: str
) -> None:
    verdict = judge(repository, new_file(path), issued=lock(["**"]))
    assert code in codes(verdict)


QUOTED_PATHS = {
    "newline": (b"src/a\\nb", "NAME_CONTROL"),
    "return": (b"src/a\\r", "NAME_CONTROL"),
    "tab": (b"src/a\\tb", "NAME_CONTROL"),
    "delete": (b"src/a\\177", "NAME_CONTROL"),
    "quote": (b'src/a\\"b', "NAME_CHARACTER"),
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


def test_writing_through_a_link_of_base_is_refused(repository: Repository) -> None:
    verdict = judge(repository, new_file(b"src/link/evil.md"), claims=claims("src/link/evil.md"))
    assert "PATH_SYMLINK" in codes(verdict)


def test_writing_through_a_link_of_the_same_patch_is_refused(repository: Repository) -> None:
    link = (
        b"diff --git a/src/out b/src/out\nnew file mode 120000\n--- /dev/null\n+++ b/src/out\n"
        b"@@ -0,0 +1 @@\n+../docs\n\\ No newline at end of file\n"
    )
    assert "PATH_SYMLINK" in codes(judge(repository, link + new_file(b"src/out/evil.md")))


def test_a_folder_in_the_place_of_a_link_is_no_way_through_it(repository: Repository) -> None:
    patch = repository.patch_with({b"src/link": None, b"src/link/a.md": b"x\n"})
    assert codes(judge(repository, patch)) == set()


@pytest.mark.parametrize(
    "target", [b"/etc/passwd", b"../../etc/passwd", b"../docs/guide.md", b"C:\\evil", b"link/x"]
)
def test_a_link_that_leads_out_is_refused_even_where_links_are_allowed(
    repository: Repository, target: bytes
) -> None:
    patch = repository.patch_with({b"src/new": ("120000", target)})
    allowed = judge(repository, patch, policy=Policy(symlinks="allow"))
    assert codes(allowed) == {"SYMLINK_ESCAPE"}
    assert codes(judge(repository, patch)) == {"SYMLINK", "SYMLINK_ESCAPE"}


def test_a_link_within_the_scope_is_a_matter_of_policy(repository: Repository) -> None:
    patch = repository.patch_with({b"src/new": ("120000", b"app.py")})
    assert codes(judge(repository, patch)) == {"SYMLINK"}
    assert codes(judge(repository, patch, policy=Policy(symlinks="allow"))) == set()


def test_a_file_that_becomes_a_link_is_judged_as_a_link(repository: Repository) -> None:
    patch = repository.patch_with({b"src/app.py": ("120000", b"/etc/passwd")})
    assert codes(judge(repository, patch)) == {"SYMLINK", "SYMLINK_ESCAPE"}


def test_copying_from_outside_the_scope_is_refused(repository: Repository) -> None:
    patch = repository.patch_with({b"src/guide.md": b"# Guide\n"}, "-C", "--find-copies-harder")
    assert b"copy from docs/guide.md" in patch
    verdict = judge(repository, patch)
    assert codes(verdict) == {"SCOPE"}
    assert "source of a copy" in verdict.errors[0].message


def test_a_claimed_source_outside_the_scope_is_refused(repository: Repository) -> None:
    patch = repository.patch_with({b"src/guide.md": b"# Guide\n"})
    said = claims("src/guide.md", change_type="copied", previous_path="docs/guide.md")
    assert "SCOPE" in codes(judge(repository, patch, claims=said))


def test_a_rename_needs_both_sides_in_scope(repository: Repository) -> None:
    patch = repository.patch_with({b"src/guide.md": b"# Guide\n", b"docs/guide.md": None})
    assert b"rename from docs/guide.md" in patch
    verdict = judge(repository, patch)
    assert [(v.code, v.path) for v in verdict.errors] == [("SCOPE", "docs/guide.md")]


def test_a_change_of_permissions_needs_scope_too(repository: Repository) -> None:
    patch = repository.patch_with({b"README.md": ("100755", b"hello\n")})
    assert codes(judge(repository, patch)) == {"SCOPE"}


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
def test_a_claim_that_is_not_true_is_refused(
    repository: Repository, field: dict[str, str]
) -> None:
    said = claims("src/a", **{"mode": "100644", **field})
    assert codes(judge(repository, new_file(b"src/a"), claims=said)) == {"CLAIM_MISMATCH"}


def test_true_claims_about_the_same_change_pass(repository: Repository) -> None:
    said = claims("src/a", mode="100644", insertions=1, deletions=0, binary=False)
    assert codes(judge(repository, new_file(b"src/a"), claims=said)) == set()


def test_a_digest_that_is_none_breaks_the_schema(repository: Repository) -> None:
    said = claims("src/a", sha256="not-a-digest")
    assert codes(judge(repository, new_file(b"src/a"), claims=said)) == {"SCHEMA"}


SPOILED = {
    "wrong-worker": ("STATUS.json", {"worker_id": "B_worker"}, "ID_MISMATCH"),
    "wrong-owner": ("FILES_CHANGED.json", {"owner": "B_worker"}, "ID_MISMATCH"),
    "wrong-run": ("HANDOFF_NOTE.json", {"run_id": "another"}, "ID_MISMATCH"),
    "wrong-lock-worker": ("SCOPE_LOCK.json", {"worker_id": "B_worker"}, "ID_MISMATCH"),
    "empty-lock": ("SCOPE_LOCK.json", {"allowed_globs": []}, "LOCK_MISMATCH"),
    "wider-lock": ("SCOPE_LOCK.json", {"allowed_globs": ["**"]}, "LOCK_MISMATCH"),
    "more-shared": ("SCOPE_LOCK.json", {"allow_shared_paths": ["src/**"]}, "LOCK_MISMATCH"),
    "extra-key": ("STATUS.json", {"extra": 1}, "SCHEMA"),
    "wrong-version": ("STATUS.json", {"schema_version": 2}, "SCHEMA"),
    "text-for-list": ("SCOPE_LOCK.json", {"allowed_globs": "src/**"}, "SCHEMA"),
    "bad-status": ("STATUS.json", {"status": "OK"}, "SCHEMA"),
    "failed": ("STATUS.json", {"status": "FAIL", "reason": "it broke"}, "WORKER"),
    "running": ("STATUS.json", {"status": "RUNNING"}, "WORKER"),
    "bad-rc": ("STATUS.json", {"rc": 3}, "WORKER"),
    "red-check": (
        "STATUS.json",
        {"required_checks": [{"name": "unit", "rc": 1, "status": "PASS"}]},
        "CHECK",
    ),
    "contradicting-check": (
        "STATUS.json",
        {"required_checks": [{"name": "unit", "rc": 0, "status": "BLOCKED"}]},
        "CHECK",
    ),
    "red-check-under-optional": (
        "STATUS.json",
        {"optional_checks": [{"name": "unit", "rc": 1, "required": True}]},
        "CHECK",
    ),
    "log-outside": ("LOGS/INDEX.json", {"logs": [{"name": "x", "path": "../x"}]}, "LOG_INDEX"),
    "log-absolute": ("LOGS/INDEX.json", {"logs": [{"name": "x", "path": "/x"}]}, "LOG_INDEX"),
    "log-elsewhere": ("LOGS/INDEX.json", {"logs": [{"name": "x", "path": "x"}]}, "LOG_INDEX"),
    "log-traversal": (
        "LOGS/INDEX.json",
        {"logs": [{"name": "x", "path": "LOGS/../../x"}]},
        "LOG_INDEX",
    ),
}


@pytest.mark.parametrize(("name", "fields", "code"), SPOILED.values(), ids=SPOILED)
def test_an_artifact_that_says_the_wrong_thing_is_refused(
    repository: Repository, name: str, fields: dict[str, Any], code: str
) -> None:
    verdict = judge(repository, b"", spoil=lambda found: found[name].update(fields))
    assert codes(verdict) == {code}


RAW_JSON = {
    "duplicate-key": (lambda text: text.replace(b"{", b'{"run_id": "x",', 1), "JSON_STRICT"),
    "nan": (lambda text: text.replace(b'"rc"', b'"x": NaN, "rc"', 1), "JSON_STRICT"),
    "trailing": (lambda text: text + b"{}", "JSON_STRICT"),
    "not-json": (lambda _: b"status: PASS", "JSON_STRICT"),
    "empty": (lambda _: b"", "JSON_STRICT"),
    "huge-number": (lambda text: text.replace(b'"rc": 0', b'"rc": ' + b"9" * 5000), "JSON_LIMIT"),
    "deep": (lambda _: b"[" * 50_000 + b"]" * 50_000, "JSON_LIMIT"),
    "large": (lambda text: text + b" " * 2_000_000, "JSON_LIMIT"),
    "bom": (lambda text: b"\xef\xbb\xbf" + text, "JSON_ENCODING"),
    "utf-16": (lambda text: text.decode().encode("utf-16"), "JSON_ENCODING"),
    "latin-1": (lambda text: text.replace(b"PASS", b"P\xe4SS"), "JSON_ENCODING"),
    "list": (lambda text: b"[" + text + b"]", "SCHEMA"),
    "null": (lambda _: b"null", "SCHEMA"),
    "text": (lambda _: b'"PASS"', "SCHEMA"),
}


@pytest.mark.parametrize(("spoil", "code"), RAW_JSON.values(), ids=RAW_JSON)
def test_json_that_readers_disagree_about_is_refused(
    repository: Repository, spoil: Any, code: str
) -> None:
    def replace_status(found: dict[str, Any]) -> None:
        status = {**found["STATUS.json"], "rc": 0}
        found["STATUS.json"] = spoil(json.dumps(status).encode())

    assert codes(judge(repository, b"", spoil=replace_status)) == {code}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "ARTIFACT_MISSING"),
        ("type", "ARTIFACT_TYPE"),
        ("size", "ARTIFACT_SIZE"),
        ("unreadable", "ARTIFACT_UNREADABLE"),
    ],
)
@pytest.mark.parametrize("name", ["SUMMARY.md", "DIFF.patch", "LOGS/INDEX.json"])
def test_an_artifact_that_cannot_be_taken_is_refused(
    repository: Repository, name: str, kind: str, code: str
) -> None:
    spoil = {name: ArtifactProblem(kind, "is a link")}
    assert codes(judge(repository, b"", spoil=lambda found: found.update(spoil))) == {code}


def test_an_artifact_that_is_not_mentioned_is_missing(repository: Repository) -> None:
    verdict = judge(repository, b"", spoil=lambda found: found.pop("SUGGESTIONS.md"))
    assert codes(verdict) == {"ARTIFACT_MISSING"}


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


SUBMODULE = ("160000", b"1" * 40)


def test_a_submodule_is_refused(repository: Repository) -> None:
    patch = repository.patch_with({b"src/sub": SUBMODULE, b".gitmodules": b"[submodule]\n"})
    assert codes(judge(repository, patch)) == {"GITLINK", "GITMODULES", "SCOPE"}
    allowed = judge(
        repository, patch, issued=lock(["src/**", ".gitmodules"]), policy=Policy(submodules="allow")
    )
    assert codes(allowed) == set()


def test_another_spelling_of_the_description_of_submodules_is_refused(
    repository: Repository,
) -> None:
    patch = repository.patch_with({b".GitModules": b"[submodule]\n"})
    assert "GITMODULES" in codes(judge(repository, patch, issued=lock(["**"])))


@pytest.mark.parametrize(
    "line", [b"*.py filter=evil", b"*.py diff=evil", b"* text=auto", b'"a b" merge=x', b"* ident"]
)
def test_attributes_that_make_git_act_need_a_literal_grant(
    repository: Repository, line: bytes
) -> None:
    patch = repository.patch_with({b"src/.gitattributes": line + b"\n"})
    assert codes(judge(repository, patch)) == {"ATTRIBUTES"}
    granted = judge(repository, patch, issued=lock(["src/**", "src/.gitattributes"]))
    assert codes(granted) == set()


def test_harmless_attributes_need_no_grant(repository: Repository) -> None:
    content = b"# for the web page\n*.gen linguist-generated=true -whitespace\n\n"
    patch = repository.patch_with({b"src/.gitattributes": content})
    assert codes(judge(repository, patch)) == set()


def test_names_that_differ_by_normalisation_collide(repository: Repository) -> None:
    patch = repository.patch_with({b"src/" + CAFE_DECOMPOSED: b"x\n"})
    verdict = judge(repository, patch)
    assert codes(verdict) == {"NAME_COLLISION"}
    assert "cafe\\u{301}" in verdict.errors[0].message


def test_names_that_differ_by_case_collide(repository: Repository) -> None:
    for path in (b"src/App.py", b"SRC/new.py"):
        patch = repository.patch_with({path: b"x\n"})
        assert codes(judge(repository, patch, issued=lock(["**"]))) == {"NAME_COLLISION"}


def test_a_summary_may_hold_anything(repository: Repository) -> None:
    hostile = b"\x1b]8;;http://x\x07[bold red]## What blocks\n\nNone\xff\xe2\x80\xae"
    spoil = {"SUMMARY.md": hostile, "SUGGESTIONS.md": hostile}
    assert judge(repository, b"", spoil=lambda found: found.update(spoil)).violations == ()


def test_a_secret_is_refused_and_not_repeated(repository: Repository) -> None:
    secret = b"AKIA" + b"QWERTYUIOPASDFGH"
    patch = repository.patch_with({b"src/app.py": b"one\nkey = '%b'\nthree\n" % secret})
    verdict = judge(repository, patch)
    assert [(v.code, v.path) for v in verdict.errors] == [("SECRET", "src/app.py")]
    assert "line 2" in verdict.errors[0].message
    assert secret.decode() not in repr(verdict)
    warned = judge(repository, patch, policy=Policy(secrets="warn"))
    assert [v.code for v in warned.violations] == ["SECRET"]
    assert not warned.blocked
    assert judge(repository, patch, policy=Policy(secrets="off")).violations == ()


def test_a_secret_that_is_only_removed_is_fine(tmp_path: Path) -> None:
    secret = b"key = ghp_" + b"a1B2c3D4e5" * 4 + b"\n"
    repository = Repository.create(tmp_path / "r.git", {b"src/x": b"a\n" + secret})
    assert judge(repository, repository.patch_with({b"src/x": b"a\n"})).violations == ()


def test_a_mode_that_git_would_put_right_is_refused(repository: Repository) -> None:
    assert "MODE" in codes(judge(repository, new_file(b"src/a", mode="104755")))


def test_files_that_are_too_large_are_refused(repository: Repository) -> None:
    small = Policy(max_file_bytes=100)
    text = repository.patch_with({b"src/a": b"x" * 60 + b"\n" + b"y" * 60 + b"\n"})
    binary = repository.patch_with({b"src/a": b"\0" * 1000})
    assert codes(judge(repository, text, policy=small)) == {"TOO_LARGE"}
    facts = gather(repository, binary, policy=small)
    assert facts.changes == []  # it was not even tried
    assert "TOO_LARGE" in codes(judge_again(facts))


def test_too_many_files_are_refused_once(repository: Repository) -> None:
    patch = repository.patch_with({b"src/%d" % number: b"x\n" for number in range(5)})
    verdict = judge(repository, patch, policy=Policy(max_files=4))
    assert [v.code for v in verdict.violations] == ["TOO_MANY_FILES"]


def test_binary_files_are_a_matter_of_policy(repository: Repository) -> None:
    patch = repository.patch_with({b"src/a": b"\0\1\2"})
    assert codes(judge(repository, patch)) == set()
    assert codes(judge(repository, patch, policy=Policy(binary="block"))) == {"BINARY"}
    forced = repository.patch_with({b"src/a": b"\0\1\2\n"}, "--text")
    assert codes(judge(repository, forced, policy=Policy(binary="block"))) == {"BINARY"}


def test_a_required_check_without_a_result_is_refused(repository: Repository) -> None:
    facts = gather(repository, b"")
    assert codes(judge_again(facts, required_checks=["unit"])) == {"CHECK"}


def test_a_warning_of_a_worker_does_not_block(repository: Repository) -> None:
    verdict = judge(repository, b"", spoil=lambda f: f["STATUS.json"].update(status="WARN"))
    assert [(v.code, v.severity) for v in verdict.violations] == [("WORKER", "warning")]


def test_a_broken_pattern_in_the_issued_lock_is_refused(repository: Repository) -> None:
    verdict = judge(repository, b"", issued=lock(["src/**"], ["src/[z-a]"]))
    assert codes(verdict) == {"PATTERN"}


def test_the_names_of_base_are_spared_but_not_from_scope(tmp_path: Path) -> None:
    odd: dict[bytes, Any] = {b"src/aux.c": b"1\n", b"src/a:b": b"1\n", b"docs/nul": b"1\n"}
    repository = Repository.create(tmp_path / "r.git", odd)
    edited = {path: b"2\n" for path in odd} | {b"src/aux.c": None}
    patch = repository.patch_with({**edited, b"src/a:b": b"2\n"})
    verdict = judge(repository, patch)
    assert [(v.code, v.path) for v in verdict.violations] == [("SCOPE", "docs/nul")]


def test_every_problem_is_listed_at_once(repository: Repository) -> None:
    patch = (
        new_file(b"docs/evil")
        + new_file(b"src/.git/config")
        + new_file(b".env", b"AKIA" + b"QWERTYUIOPASDFGH\n")
        + b"junk\n"
    )

    def spoil(found: dict[str, Any]) -> None:
        found["STATUS.json"]["status"] = "FAIL"
        found["SCOPE_LOCK.json"]["allowed_globs"] = ["**"]
        found["HANDOFF_NOTE.json"] = b"{"
        found["SUMMARY.md"] = ArtifactProblem("type")

    verdict = judge(repository, patch, claims=claims("src/ghost"), spoil=spoil)
    assert codes(verdict) >= {
        "ARTIFACT_TYPE",
        "CLAIM_MISMATCH",
        "HIDDEN",
        "JSON_STRICT",
        "LOCK_MISMATCH",
        "PATCH_FORMAT",
        "PATH_GITDIR",
        "PROTECTED",
        "SCOPE",
        "SECRET",
        "WORKER",
    }
    keys = [item.sort_key() for item in verdict.violations]
    assert keys == sorted(set(keys))
    assert {item.worker_id for item in verdict.violations} == {"A_worker"}


def test_the_run_id_of_the_tests_is_one_that_artifacts_accept() -> None:
    assert lock().run_id == RUN_ID
