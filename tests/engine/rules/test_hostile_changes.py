"""Changes that no worker may make, each with the codes that must stop it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_engine.config.models import PolicyConfig
from factory_engine.rules.facts import UnusableArtifact
from tests.engine.rules.bundles import Repository, codes, gather, judge, judge_again, lock, new_file
from tests.engine.rules.usual import CAFE, CAFE_DECOMPOSED, EDIT, LINES, claims


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


@pytest.mark.parametrize("name", [b"src/what?", b'src/it\'s "quoted".txt', b"src/a|b<c>*"])
def test_a_name_that_only_windows_refuses_is_a_warning(repository: Repository, name: bytes) -> None:
    patch = repository.patch_with({name: b"x\n"})
    verdict = judge(repository, patch)
    assert codes(verdict) == set()
    assert [warning.code for warning in verdict.warnings] == ["NAME_UNPORTABLE"]


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
    allowed = judge(repository, patch, policy=PolicyConfig(symlinks="allow"))
    assert codes(allowed) == {"SYMLINK_ESCAPE"}
    assert codes(judge(repository, patch)) == {"SYMLINK", "SYMLINK_ESCAPE"}


def test_a_link_within_the_scope_is_a_matter_of_policy(repository: Repository) -> None:
    patch = repository.patch_with({b"src/new": ("120000", b"app.py")})
    assert codes(judge(repository, patch)) == {"SYMLINK"}
    assert codes(judge(repository, patch, policy=PolicyConfig(symlinks="allow"))) == set()


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


SUBMODULE = ("160000", b"1" * 40)


def test_a_submodule_is_refused(repository: Repository) -> None:
    patch = repository.patch_with({b"src/sub": SUBMODULE, b".gitmodules": b"[submodule]\n"})
    assert codes(judge(repository, patch)) == {"GITLINK", "GITMODULES", "SCOPE"}
    allowed = judge(
        repository,
        patch,
        issued=lock(["src/**", ".gitmodules"]),
        policy=PolicyConfig(submodules="allow"),
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


def test_a_secret_is_refused_and_not_repeated(repository: Repository) -> None:
    secret = b"AKIA" + b"QWERTYUIOPASDFGH"
    patch = repository.patch_with({b"src/app.py": b"one\nkey = '%b'\nthree\n" % secret})
    verdict = judge(repository, patch)
    assert [(v.code, v.path) for v in verdict.errors] == [("SECRET", "src/app.py")]
    assert "line 2" in verdict.errors[0].message
    assert secret.decode() not in repr(verdict)
    warned = judge(repository, patch, policy=PolicyConfig(secrets="warn"))
    assert [v.code for v in warned.violations] == ["SECRET"]
    assert not warned.blocked
    assert judge(repository, patch, policy=PolicyConfig(secrets="off")).violations == ()


def test_a_secret_that_is_only_removed_is_fine(tmp_path: Path) -> None:
    secret = b"key = ghp_" + b"a1B2c3D4e5" * 4 + b"\n"
    repository = Repository.create(tmp_path / "r.git", {b"src/x": b"a\n" + secret})
    assert judge(repository, repository.patch_with({b"src/x": b"a\n"})).violations == ()


def test_files_that_are_too_large_are_refused(repository: Repository) -> None:
    small = PolicyConfig(max_file_bytes=100)
    text = repository.patch_with({b"src/a": b"x" * 60 + b"\n" + b"y" * 60 + b"\n"})
    binary = repository.patch_with({b"src/a": b"\0" * 1000})
    for patch in (text, binary):
        facts = gather(repository, patch, policy=small)
        assert facts.changes == []  # it was not even tried
        assert "TOO_LARGE" in codes(judge_again(facts))
    lines = repository.patch_with({b"src/long.txt": LINES + b"x" * 60 + b"\n"})
    assert codes(judge(repository, lines, policy=small)) == {"TOO_LARGE"}


def test_too_many_files_are_refused_once(repository: Repository) -> None:
    patch = repository.patch_with({b"src/%d" % number: b"x\n" for number in range(5)})
    verdict = judge(repository, patch, policy=PolicyConfig(max_files=4))
    assert [v.code for v in verdict.violations] == ["TOO_MANY_FILES"]


def test_binary_files_are_a_matter_of_policy(repository: Repository) -> None:
    patch = repository.patch_with({b"src/a": b"\0\1\2"})
    assert codes(judge(repository, patch)) == set()
    assert codes(judge(repository, patch, policy=PolicyConfig(binary="block"))) == {"BINARY"}
    forced = repository.patch_with({b"src/a": b"\0\1\2\n"}, "--text")
    assert codes(judge(repository, forced, policy=PolicyConfig(binary="block"))) == {"BINARY"}


def test_the_names_of_base_are_spared_but_not_from_scope(tmp_path: Path) -> None:
    odd: dict[bytes, Any] = {b"src/aux.c": b"1\n", b"src/a:b": b"1\n", b"docs/nul": b"1\n"}
    repository = Repository.create(tmp_path / "r.git", odd)
    edited = dict.fromkeys(odd, b"2\n") | {b"src/aux.c": None}
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
        found["SUMMARY.md"] = UnusableArtifact("type")

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
