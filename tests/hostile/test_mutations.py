"""Spoiled bundles: the verdict against an independent look at the tree, by plain git.

The attacker of these tests claims honestly whatever its patch yields, so that only the rules about
scope, names and kinds stand between it and a PASS.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory_engine.artifacts.base import Artifact
from factory_engine.artifacts.bundle import (
    FilesChanged,
    HandoffNote,
    LogIndex,
    ScopeLock,
    StatusFile,
)
from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.strict_json import JsonProblem, parse
from factory_engine.errors import FactoryError
from factory_engine.events import Misfit, parse_line
from factory_engine.ledger import read_events, verify_chain
from factory_engine.patch.reader import read_patch
from factory_engine.provenance.envelope import Envelope
from factory_engine.rules.scope import ScopeRules, pattern_problems
from tests.engine.rules.bundles import Repository, artifacts, codes, judge, lock, new_file
from tests.engine.rules.usual import BASE, CAFE, LINES
from tests.hostile.mutation import mutated

SEEDS = st.integers(0, 2**48)
LONG = int(os.environ.get("FACTORY_TEST_MUTATIONS", "20000"))
REUSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, isolated_session: None) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("mutated") / "repository.git", BASE)


@pytest.fixture(scope="module")
def corpus(repository: Repository) -> list[bytes]:
    """Good patches of every kind, and a few that are refused."""
    edit = {b"src/app.py": b"one\n2\nthree\n"}
    long = LINES.replace(b"line 3\n", b"three\n").replace(b"line 25\n", b"")
    changes: list[dict[bytes, object]] = [
        {**edit},
        {b"src/new.txt": b"new\n", b"src/long.txt": None},
        {b"src/long.txt": long},
        {b"src/long.txt": None, b"src/moved.txt": long},
        {b"src/app.py": ("100755", b"one\ntwo\nthree\n")},
        {b"src/blob": b"\0\1\2" * 50, b"src/" + CAFE: b"tea\n"},
        {b"src/a b": b"x\n", b"src/app.py": None},
        {b"src/link": None, b"src/link/a": b"x\n"},
        {b"src/out": ("120000", b"../docs")},
    ]
    patches = [repository.patch_with(change) for change in changes]  # type: ignore[arg-type]
    patches.append(repository.patch_with(edit | {b"docs/guide.md": b"evil\n"}))
    patches.append(repository.patch_with({b"src/g.md": b"# Guide\n"}, "-C", "--find-copies-harder"))
    return [*patches, new_file(b"src/x"), new_file(b"src/sub/y") + new_file(b"src/z")]


def plain_git(repository: Repository, *arguments: str, stdin: bytes = b"") -> bytes:
    """Git as anybody would run it, with an index of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_DIR": str(repository.folder),
        "GIT_INDEX_FILE": str(repository.folder / "oracle"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return subprocess.run(
        ["git", *arguments], input=stdin, env=environment, capture_output=True, check=True
    ).stdout


def faults_of_tree(repository: Repository, patch: bytes) -> list[str]:
    """What is wrong with the tree that plain git makes of an accepted patch."""
    if not patch:
        return []
    plain_git(repository, "read-tree", repository.base)
    plain_git(repository, "apply", "--cached", stdin=patch)
    tree = plain_git(repository, "write-tree").decode().strip()
    raw = plain_git(repository, "diff-tree", "-r", "-z", "--no-renames", repository.base, tree)
    fields = raw.split(b"\0")[:-1]
    faults = []
    for facts, path in zip(fields[0::2], fields[1::2], strict=True):
        mode = facts.split(b" ")[1]
        if not path.startswith(b"src/") or b".git" in path.lower() or b".." in path.split(b"/"):
            faults.append(f"changes {path!r}")
        if mode not in (b"100644", b"100755", b"000000"):
            faults.append(f"makes {path!r} a {mode!r}")
    return faults


def try_one(repository: Repository, patch: bytes) -> bool:
    """Whether `patch` is accepted; it must not be when its tree is at fault."""
    if judge(repository, patch).blocked:
        return False
    assert faults_of_tree(repository, patch) == [], patch
    return True


@settings(max_examples=250, suppress_health_check=REUSED)
@given(SEEDS)
def test_no_spoiled_patch_passes_with_a_tree_outside_its_scope(
    repository: Repository, corpus: list[bytes], seed: int
) -> None:
    try_one(repository, mutated(seed, corpus))


def test_good_patches_pass_and_the_oracle_sees_a_bad_one(
    repository: Repository, corpus: list[bytes]
) -> None:
    accepted = [try_one(repository, patch) for patch in corpus]
    assert accepted == [True] * 8 + [False] * 3 + [True] * 2
    assert faults_of_tree(repository, new_file(b"docs/x")) == ["changes b'docs/x'"]


@pytest.mark.soak
def test_many_spoiled_patches(repository: Repository, corpus: list[bytes]) -> None:
    """`FACTORY_TEST_MUTATIONS` says how many."""
    accepted = sum(try_one(repository, mutated(seed, corpus)) for seed in range(LONG))
    assert 0 < accepted < LONG / 2
    print(f"{LONG} mutations, {accepted} accepted")


def document(name: str) -> bytes:
    """A good document of a bundle."""
    claims = [{"path": "src/x", "change_type": "added", "reason": "", "sha256": "0" * 64}]
    return json.dumps(artifacts(b"", claims, lock())[name]).encode()


DOCUMENTS: dict[type[Artifact], bytes] = {
    StatusFile: document("STATUS.json"),
    FilesChanged: document("FILES_CHANGED.json"),
    ScopeLock: document("SCOPE_LOCK.json"),
    HandoffNote: document("HANDOFF_NOTE.json"),
    LogIndex: document("LOGS/INDEX.json"),
    RunManifest: document("STATUS.json"),
    IntegratorStatus: document("STATUS.json"),
}
NASTY = [b'"\\ud800"', b"1e999", b"NaN", b"[" * 40, b'{"a":1,"a":2}', b"true", b"-0", b"\xff"]


@settings(max_examples=400)
@given(st.sampled_from(list(DOCUMENTS)), SEEDS)
def test_a_spoiled_document_is_read_or_refused(model: type[Artifact], seed: int) -> None:
    good = DOCUMENTS[model]
    data = mutated(seed, [good, *NASTY, good.replace(b'""', NASTY[seed % len(NASTY)])])
    try:
        model.from_bytes(data).to_bytes()
    except JsonProblem as problem:
        said = problem.code
    else:
        said = "read"
    assert said in ("read", "JSON_ENCODING", "JSON_LIMIT", "JSON_STRICT", "SCHEMA")


@settings(max_examples=150, suppress_health_check=REUSED)
@given(SEEDS, st.sampled_from(["STATUS.json", "FILES_CHANGED.json", "SCOPE_LOCK.json"]))
def test_a_bundle_with_a_spoiled_document_has_a_verdict(
    repository: Repository, seed: int, name: str
) -> None:
    data = mutated(seed, [document(name)])

    def spoil(found: dict[str, object]) -> None:
        found[name] = data

    verdict = judge(repository, new_file(b"docs/x"), spoil=spoil)
    assert "SCOPE" in codes(verdict)
    assert all(item.message.isprintable() for item in verdict.violations)


@settings(max_examples=150, suppress_health_check=REUSED)
@given(SEEDS)
def test_a_spoiled_patch_is_read_to_its_end(corpus: list[bytes], seed: int) -> None:
    reading = read_patch(mutated(seed, corpus, most=8))
    for file in reading.files:
        for number, line in reading.lines(file):
            assert number >= 0
            assert b"\n" not in line
    for at in range(0, len(reading.data), 7):
        reading.locate(at)


@settings(max_examples=100)
@given(st.lists(st.text(max_size=6) | st.sampled_from(["src/**", "[!a", "**", "!src", "\\"])))
def test_any_pattern_is_usable_or_named(patterns: list[str]) -> None:
    pattern_problems(patterns)
    rules = ScopeRules.from_lock(lock(patterns, block=patterns[:1], shared=patterns[1:2]))
    for path in (b"src/a", b"", b"/", b"a\nb", b"\xff", b"../src/a"):
        rules.decide(path)


@pytest.mark.parametrize("kind", ["event", "ledger", "envelope", "json"])
def test_spoiled_lines_are_refused_in_words(kind: str, tmp_path: Path) -> None:
    ledger = tmp_path / "LEDGER.jsonl"
    line = b'{"schema_version":1,"run_id":"r","seq":1,"details":{},"event_id":"%b"}' % (b"0" * 64)
    envelope = b'{"payloadType":"x","payload":"eA==","signatures":[{"keyid":"","sig":"eA=="}]}'
    for seed in range(150):
        data = mutated(seed, [line + b"\n", envelope + b"\n", *NASTY])
        try:
            if kind == "event":
                parse_line(data)
            elif kind == "envelope":
                Envelope.from_bytes(data)
            elif kind == "json":
                parse(data)
            else:
                ledger.write_bytes(data)
                verify_chain(ledger)
                list(read_events(ledger))
        except (FactoryError, JsonProblem, Misfit):
            continue
