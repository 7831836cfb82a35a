"""Scope locks: gitignore patterns, matched as git does but for the case of letters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.rules.scope import (
    PatternList,
    ScopeRules,
    lock_differences,
    pattern_problems,
)
from tests.engine.rules.bundles import Repository, lock

RULES = ScopeRules.from_lock(
    lock(
        ["src/http/**", "/README.md"], ["src/http/vendor/**", "*.lock"], ["CHANGELOG.md", "*.lock"]
    )
)


@pytest.mark.parametrize(
    ("path", "allowed", "pattern", "kind"),
    [
        ("src/http/server.py", True, "src/http/**", "allow"),
        ("src/http/vendor/x.py", False, "src/http/vendor/**", "block"),
        ("src/http", False, None, "none"),
        ("src/HTTP/server.py", False, None, "none"),
        ("README.md", True, "/README.md", "allow"),
        ("docs/README.md", False, None, "none"),
        ("CHANGELOG.md", True, "CHANGELOG.md", "shared"),
        ("src/http/uv.lock", False, "*.lock", "block"),
        ("other", False, None, "none"),
        ("/src/http/a", False, None, "none"),
        ("./src/http/a", False, None, "none"),
        ("README.md\n", False, None, "none"),
    ],
)
def test_a_block_beats_an_allowance_and_shared_paths_are_allowed(
    path: str, allowed: bool, pattern: str | None, kind: str
) -> None:
    decision = RULES.decide(path)
    assert (decision.allowed, decision.pattern, decision.kind) == (allowed, pattern, kind)


def test_only_a_shared_path_that_is_not_blocked_is_shared() -> None:
    assert RULES.shared(b"CHANGELOG.md")
    assert RULES.shared("docs/CHANGELOG.md")
    assert not RULES.shared("uv.lock")
    assert not RULES.shared("src/http/server.py")


@pytest.mark.parametrize("patterns", [[], ["", "# src/**"], ["!src/**"], ["[z-a]"]])
def test_a_list_that_allows_nothing_allows_nothing(patterns: list[str]) -> None:
    rules = ScopeRules.from_lock(lock(patterns))
    assert not rules.decide("src/a").allowed
    assert not rules.decide("").allowed


def test_the_last_match_decides() -> None:
    rules = ScopeRules.from_lock(lock(["src/**", "!src/gen/**", "src/gen/keep/**"]))
    assert rules.decide("src/a").allowed
    assert not rules.decide("src/gen/a").allowed
    assert rules.decide("src/gen/keep/a").pattern == "src/gen/keep/**"
    blocked = ScopeRules.from_lock(lock(["**"], ["src/**", "!src/mine/**"]))
    assert not blocked.decide("src/a").allowed
    assert blocked.decide("src/mine/a").allowed


def test_a_path_that_is_no_utf8_is_matched() -> None:
    rules = ScopeRules.from_lock(lock(["src/*"]))
    assert rules.decide(b"src/caf\xe9").allowed
    assert not rules.decide(b"caf\xe9").allowed


@pytest.mark.parametrize(
    "pattern",
    [
        "[z-a]",
        "a\\",
        "a[",
        "[]",
        "[[:alpha:]]*",
        "[a&&b]",
        "!",
        "/",
        "!/",
        "src\\http\\**",
        "../x",
        "./src/**",
        "a\nb",
        "a\0b",
    ],
)
def test_a_pattern_that_cannot_mean_anything_is_told_and_matches_nothing(pattern: str) -> None:
    (problem,) = pattern_problems([pattern])
    assert problem.startswith("pattern '")
    assert problem.isprintable()
    assert PatternList([pattern]).match("a") is None


@pytest.mark.parametrize(
    "pattern",
    ["", "  ", "# words", "**", "*", "src", "src/", "/a", "\\#x", "\\!x", "a\\ ", "[a-z]*", "[!a]"],
)
def test_a_pattern_that_git_knows_is_fine(pattern: str) -> None:
    assert pattern_problems([pattern]) == []


@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=20))
def test_any_patterns_and_any_path_are_decided(patterns: list[str], path: str) -> None:
    rules = ScopeRules.from_lock(lock(patterns, patterns))
    assert not rules.decide(path).allowed  # what is allowed is blocked as well
    assert len(pattern_problems(patterns)) <= len(patterns)


SEGMENTS = st.sampled_from(["a", "b", "ab", "*", "**", "a*", "?", "[ab]", "*.c", "a.c"])
PATTERNS = st.lists(
    st.tuples(
        st.sampled_from(["", "/", "!"]),
        st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join),
        st.sampled_from(["", "/**"]),
    ).map("".join),
    min_size=1,
    max_size=3,
)
FOLDERS = ["a", "b", "ab", "a.c", "c"]
PATHS = [
    *FOLDERS,
    *(f"{x}/{y}" for x in FOLDERS for y in FOLDERS),
    *(f"a/{x}/{y}" for x in FOLDERS for y in FOLDERS),
]


def test_matching_agrees_with_git(tmp_path: Path) -> None:
    """Patterns without negation, against `git ls-files --ignored` over an index of many names."""
    names = sorted(f"{x}/{y}/{z}" for x in FOLDERS for y in FOLDERS for z in FOLDERS)
    files = {name.encode(): b"" for name in names}
    repository = Repository.create(tmp_path / "r.git", files)
    repository.git("read-tree", repository.base)
    lists = [
        ["*.c"], ["a/**"], ["/a/b"], ["a/*"], ["a/b"], ["a/b/"], ["**/b"], ["a/**/b"], ["[ab]"],
        ["a/?"], ["/a/a*"], ["**"], ["ab/**"], ["a/**/c"], ["ab"], ["/ab"], ["a/b/a.c"], ["b/"],
        ["a.c/"], ["a/*/c"], ["**/a/**"], ["a/?/[!a]"], ["a/b", "b/a/*"], ["/*/a"], ["a*c"],
    ]  # fmt: skip
    for patterns in lists:
        exclude = [f"--exclude={pattern}" for pattern in patterns]
        # It wants a work tree, though it only reads the index.
        command = (f"--work-tree={repository.folder}", "ls-files", "-z", "--cached", "--ignored")
        expected = set(repository.git(*command, *exclude).stdout.decode().split("\0")[:-1])
        matcher = PatternList(patterns)
        assert {name for name in names if matcher.match(name)} == expected, patterns


@given(PATTERNS)
def test_both_ways_of_matching_agree(patterns: list[str]) -> None:
    """The quick way, for lists without a negation, answers as the library's own."""
    plain = [pattern for pattern in patterns if not pattern.startswith("!")]
    never = "!/this/is/nowhere"
    for path in PATHS:
        quick, slow = PatternList(plain).match(path), PatternList([never, *plain]).match(path)
        assert (quick is None) == (slow is None)


def test_a_difference_of_locks_says_what_is_more_and_less() -> None:
    issued = lock(["docs/**", "a"], ["b"], ["c"])
    assert lock_differences(issued, issued) == []
    assert lock_differences(issued, lock(["src/**", "a"], ["b"], [])) == [
        "allowed_globs: + src/** - docs/**",
        "allow_shared_paths: - c",
    ]
    assert lock_differences(issued, lock(["a", "docs/**"], ["b", "b"], ["c"])) == [
        "allowed_globs: in another order",
        "blocked_globs: in another order",
    ]
    (long,) = lock_differences(issued, lock([f"p{n}" for n in range(99)], ["b"], ["c"]))
    assert long.endswith("and 93 more")
