"""Names that are safe, or not, on some system."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.rules.name_folding import fold_path, is_git_directory_name, special_name
from factory_engine.rules.paths import as_bytes, as_text, name_violations, parents
from tests.engine.rules.bundles import Repository


def found(path: bytes, known: int = 0) -> set[str]:
    return {problem.code.value for problem in name_violations(path, known)}


@pytest.mark.parametrize(
    "path",
    [
        "src/app.py",
        "src/.gitignore",
        ".gitattributes",
        ".github/dependabot.yml",
        ".gitlab-ci.yml",
        "git/git.py",
        "src/[id]/page (1).tsx",
        "docs/-rf",
        "naïve/漢字/🎉.md",
        "a b/c d.txt",
        "...x",
        "console.log",
        "nullable.py",
        "com10",
        "lib/auxiliary/prn1",
        "a~1",
        "x" * 255,
    ],
)
def test_an_ordinary_name_is_fine(path: str) -> None:
    assert found(path.encode()) == set()


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".GIT",
        ".g\u200cit",
        "\ufeff.git",
        ".gi\u206ft",
        "git~1",
        "GIT~23",
        ".git.",
        ".git ",
        ".git. . ",
        ".git::$INDEX_ALLOCATION",
        ".git:x",
        ".git .:x",
        "a\\.git",
        ".git\\config",
        "\uff0egit",
        "\u2024git",
        ".g\u0131t",
        ".G\u0130T",
        ".\uff47\uff29\uff34",
    ],
)
def test_each_spelling_of_git_is_known(name: str) -> None:
    assert is_git_directory_name(name.encode())
    assert "PATH_GITDIR" in found(b"src/" + name.encode() + b"/config")


@pytest.mark.parametrize("name", [".gitx", "git", "x.git", ".git-x", ".gi", "git~x", ".g it"])
def test_a_name_that_only_begins_alike_is_not_git(name: str) -> None:
    assert not is_git_directory_name(name.encode())


def test_no_name_that_git_refuses_is_missed(tmp_path: Path) -> None:
    """Every candidate that git's own check refuses for one of three systems is refused here."""
    repository = Repository.create(tmp_path / "r.git", {b"a": b"x\n"})
    oid = repository.blob(b"x\n")
    ends = ["", ".", " ", "..", ". ", ":x", "::$DATA", "\\x", "\u200d", "x", "~1"]
    starts = [".git", ".GIT", ".gIt", "git~1", "GIT~1", ".g\u200cit", "..", ".", ".gi", "git~2"]
    names = [start + end for start in starts for end in ends]
    strict = ("-c", "core.protectHFS=true", "-c", "core.protectNTFS=true")
    missed = []
    for name in names:
        facts = f"100644,{oid},dir/{name}/file"
        done = repository.git(*strict, "update-index", "--add", "--cacheinfo", facts, ok=False)
        if done.returncode and not found(f"dir/{name}/file".encode()):
            missed.append(name)
    assert missed == []


def test_other_files_that_git_reads_are_known_by_all_their_names() -> None:
    for name in (".gitmodules", ".GitModules", "gitmod~1", "gi7eba~3", ".gitmodules."):
        assert special_name(name.encode()) == ".gitmodules"
    for name in (".gitattributes", ".GITATTRIBUTES", "gitatt~1", "gi7d29~1"):
        assert special_name(name.encode()) == ".gitattributes"
    assert special_name(b".gitignore") == ""


def test_a_name_of_base_is_spared_what_only_new_names_must_keep() -> None:
    assert found(b"aux/a?.c") == {"NAME_DEVICE", "NAME_UNPORTABLE"}
    assert found(b"aux/a?.c", known=1) == {"NAME_UNPORTABLE"}
    assert found(b"aux/a?.c", known=2) == set()
    assert found(b"x" * 3000, known=1) == set()
    assert found(b"aux/../.git/x", known=4) == {"PATH_TRAVERSAL", "PATH_GITDIR"}
    assert found(b"/aux", known=2) == {"PATH_ABSOLUTE"}


def test_all_problems_of_a_name_are_told() -> None:
    assert found(b"nul:\x07?. ") == {
        "NAME_CHARACTER",
        "NAME_CONTROL",
        "NAME_DEVICE",
        "NAME_TRAILING",
        "NAME_UNPORTABLE",
    }


def test_a_message_holds_nothing_raw() -> None:
    for problem in name_violations(b"a\x1b[2J\n\xe2\x80\xae.git/\xff?"):
        assert problem.message.isprintable()


def test_folders_above_a_path_are_listed_from_the_top() -> None:
    assert parents(b"a/b/c") == [b"a", b"a/b"]
    assert parents(b"a") == []


@given(st.binary(max_size=400))
def test_any_bytes_are_judged(path: bytes) -> None:
    problems = name_violations(path)
    assert problems == sorted(set(problems))
    assert name_violations(path, known=path.count(b"/") + 1) == [
        problem for problem in problems if problem.code.startswith("PATH_")
    ]


@given(st.binary())
def test_a_path_becomes_text_and_bytes_again(path: bytes) -> None:
    assert as_bytes(as_text(path)) == path


def test_a_surrogate_that_stands_for_no_byte_is_refused() -> None:
    assert "NAME_ENCODING" in found(as_bytes("a\ud800b"))


@given(st.text())
def test_folding_is_stable_and_ignores_case_and_normalisation(text: str) -> None:
    name = text.encode("utf-8", "surrogatepass")
    folded = fold_path(name)
    assert fold_path(folded) == folded
    if text.isascii():
        assert fold_path(name.upper()) == folded
