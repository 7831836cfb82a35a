"""The verdict on a bundle as a whole: never an exception, never a pass for what is not allowed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory_engine.config.models import PolicyConfig
from factory_engine.git.diff import TreeChange
from factory_engine.patch.reader import read_patch
from factory_engine.rules.bundle import contents_wanted, may_apply
from factory_engine.rules.facts import BundleFacts
from factory_engine.rules.scope import ScopeRules
from tests.engine.rules.bundles import (
    Repository,
    artifacts,
    as_artifact,
    codes,
    gather,
    judge,
    judge_again,
    lock,
    new_file,
)

NUMBERS = b"".join(b"%d\n" % number for number in range(30))
NAMES = sorted(artifacts(b"", [], lock()))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    files: dict[bytes, Any] = {b"src/a": NUMBERS, b"docs/b": NUMBERS, b"src/c": b"\0\1\2"}
    return Repository.create(tmp_path_factory.mktemp("judged") / "r.git", files)


@pytest.fixture(scope="module")
def facts(repository: Repository) -> BundleFacts:
    changed = {b"src/a": NUMBERS.replace(b"7\n", b"seven\n"), b"src/c": None, b"src/d": b"new\n"}
    return gather(repository, repository.patch_with(changed))


def test_the_bundle_of_these_tests_is_good(facts: BundleFacts) -> None:
    assert judge_again(facts).violations == ()


@given(name=st.sampled_from(NAMES), data=st.binary(max_size=200))
def test_any_bytes_may_stand_in_any_artifact(facts: BundleFacts, name: str, data: bytes) -> None:
    verdict = judge_again(facts, artifacts={**facts.artifacts, name: data}, reading=None)
    assert verdict.blocked or name in ("SUMMARY.md", "SUGGESTIONS.md")


TEXTS = st.text(st.characters(codec=None), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from([n for n in NAMES if n.endswith(".json")]), data=st.data())
def test_any_value_may_stand_in_any_field(
    facts: BundleFacts, name: str, data: st.DataObject
) -> None:
    document = artifacts(b"", [], lock())[name]
    key = data.draw(st.sampled_from(sorted(document)) | TEXTS)
    document[key] = data.draw(VALUES)
    spoiled = {**facts.artifacts, name: as_artifact(document)}
    for violation in judge_again(facts, artifacts=spoiled).violations:
        violation.message.encode("utf-8")  # what came in as a lone surrogate does not go out


@given(path=TEXTS, previous=TEXTS | st.none(), kind=st.sampled_from(["added", "renamed", "mode"]))
def test_any_path_may_be_claimed(
    facts: BundleFacts, path: str, previous: str | None, kind: str
) -> None:
    document = artifacts(b"", [], lock())["FILES_CHANGED.json"]
    claim = {"path": path, "change_type": kind, "reason": path, "sha256": "0" * 64}
    document["changes"] = [claim if previous is None else {**claim, "previous_path": previous}]
    verdict = judge_again(
        facts, artifacts={**facts.artifacts, "FILES_CHANGED.json": as_artifact(document)}
    )
    assert verdict.blocked
    assert [v.sort_key() for v in verdict.violations] == sorted(
        {v.sort_key() for v in verdict.violations}
    )


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_patch_passes_only_with_a_tree_that_is_in_scope(
    repository: Repository, seed: int
) -> None:
    """Lines swapped, doubled, dropped, changed; git says what each patch really does."""
    chance = random.Random(seed)
    changed = {b"src/a": NUMBERS.replace(b"7\n", b"seven\n"), b"src/e": b"x\n"}
    lines = repository.patch_with(changed).splitlines(keepends=True)
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        how = chance.randrange(5)
        if how == 0:
            lines[at], lines[other] = lines[other], lines[at]
        elif how == 1:
            lines.insert(at, lines[other])
        elif how == 2:
            del lines[at]
        elif how == 3:
            lines[at] = lines[at].replace(b"src/", b"docs/")
        else:
            lines[at] = lines[at].replace(b"1", b"9", 1)
    damaged = gather(repository, b"".join(lines))
    verdict = judge_again(damaged)
    scope = ScopeRules.from_lock(lock())
    outside = [change.path for change in damaged.changes if not scope.decide(change.path).allowed]
    assert verdict.blocked or not outside
    if damaged.rejection:
        assert verdict.blocked


def test_a_patch_that_does_not_apply_is_judged_by_its_words(repository: Repository) -> None:
    patch = (
        new_file(b"docs/b")  # base has it already
        + new_file(b"src/.git/x")
        + b"diff --git a/src/l b/src/l\nnew file mode 120000\n--- /dev/null\n+++ b/src/l\n"
        b"@@ -0,0 +1 @@\n+/etc\n\\ No newline at end of file\n"
        + new_file(b"SRC/x")
        + new_file(b"src/.gitattributes", b"* filter=x\n")
    )
    claims = [
        {"path": "docs/b", "change_type": "modified", "reason": "", "sha256": "0" * 64},
        {"path": "src/ghost", "change_type": "added", "reason": "", "sha256": "0" * 64},
    ]
    verdict = judge(repository, patch, claims=claims)
    assert codes(verdict) == {
        "ATTRIBUTES",
        "CLAIM_MISMATCH",
        "HIDDEN",
        "NAME_COLLISION",
        "PATCH_BASE",
        "PATH_GITDIR",
        "SCOPE",
        "SYMLINK",
        "SYMLINK_ESCAPE",
    }
    mismatched = {v.path for v in verdict.errors if v.code == "CLAIM_MISMATCH"}
    assert mismatched == {"docs/b", "src/ghost"}
    (base,) = (v for v in verdict.errors if v.code == "PATCH_BASE")
    assert "docs/b" in base.message
    assert base.message.isprintable()


def test_a_patch_that_was_not_tried_is_judged_by_its_words(facts: BundleFacts) -> None:
    verdict = judge_again(facts, changes=(), sha256_of={})
    assert verdict.violations == ()  # nothing else is known against it
    claims = {**facts.artifacts, "FILES_CHANGED.json": as_artifact(
        artifacts(b"", [], lock())["FILES_CHANGED.json"])}  # fmt: skip
    assert codes(judge_again(facts, changes=(), artifacts=claims)) == {"HIDDEN"}


def test_contents_that_were_not_given_are_not_taken_for_harmless(repository: Repository) -> None:
    patch = repository.patch_with(
        {b"src/l": ("120000", b"a"), b"src/.gitattributes": b"*.x linguist-vendored\n"}
    )
    given_contents = gather(repository, patch, policy=PolicyConfig(symlinks="allow"))
    assert codes(judge_again(given_contents)) == set()
    withheld = judge_again(given_contents, contents={})
    assert codes(withheld) == {"ATTRIBUTES", "SYMLINK_ESCAPE"}


def test_only_links_and_attributes_are_looked_into() -> None:
    changes = [
        TreeChange(b"a", "100644", "100644", "1", "2"),
        TreeChange(b"l", "100644", "120000", "3", "4"),
        TreeChange(b"x/.gitattributes", "100644", "100644", "5", "6"),
        TreeChange(b".GitAttributes", "100644", None, "7", None),
    ]
    assert contents_wanted(changes) == ["4", "5", "6", "7"]


def test_a_patch_is_applied_only_when_it_is_understood_and_small() -> None:
    good = read_patch(new_file(b"a"))
    assert may_apply(good, PolicyConfig())
    assert not may_apply(read_patch(b"junk\n" + new_file(b"a")), PolicyConfig())
    assert not may_apply(read_patch(new_file(b"a") + new_file(b"a")), PolicyConfig())


def test_a_verdict_knows_what_blocks(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "r.git", {b"src/a": b"x\n"})
    verdict = judge(
        repository, new_file(b"docs/x"), spoil=lambda f: f["STATUS.json"].update(status="WARN")
    )
    assert [v.code for v in verdict.errors] == ["SCOPE"]
    assert [v.code for v in verdict.warnings] == ["WORKER"]
    assert verdict.violations == (*verdict.errors, *verdict.warnings)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=4))
def test_what_applying_says_is_told_in_one_harmless_line(
    facts: BundleFacts, said: list[bytes]
) -> None:
    words = [line.decode("utf-8", "surrogateescape") for line in said]
    verdict = judge_again(facts, offsets=words, rejection="\n".join(words))
    assert all("\n" not in v.message and "\x1b" not in v.message for v in verdict.violations)
