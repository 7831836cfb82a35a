"""The statement is a function of base, bundles and configuration, in the shape that others read."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from factory_engine.provenance.attestation import attest
from factory_engine.provenance.envelope import Envelope
from factory_engine.provenance.statement import (
    Result,
    first_difference,
    statement,
    statement_bytes,
)
from factory_engine.run_folder import RunFolder, Unreadable
from tests.engine.provenance.forger import manifest_of
from tests.support.factory_runs import FOUR, Bench, program
from tests.support.invariants import state_of
from tests.support.repositories import git

CHECKS: list[dict[str, Any]] = [
    {"name": "unit", "run": program("print('checked')")},
    {"name": "lint", "run": program("sys.exit(3)"), "required": False},
]


def run(bench: Bench, **request: Any) -> RunFolder:
    outcome = asyncio.run(bench.oneshot(run_id="attested", **request))
    return RunFolder(outcome.folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    bench = Bench(tmp_path_factory.mktemp("statement"))
    bench.configure(checks=CHECKS)
    return run(bench)


def result_of(folder: RunFolder) -> Result:
    state = state_of(folder)
    return Result(str(state.status), state.merged_tree, state.integrator.checks, state.amendments)


def derived(folder: RunFolder) -> dict[str, Any]:
    return statement(folder, manifest_of(folder), result_of(folder))


def test_the_subject_is_the_patch_and_the_tree_that_it_makes(folder: RunFolder) -> None:
    patch = folder.read("Z_integrator/DIFF.patch")
    found = derived(folder)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["subject"] == [
        {
            "name": "Z_integrator/DIFF.patch",
            "digest": {"sha256": hashlib.sha256(patch).hexdigest()},
        },
        {"name": "merged tree", "digest": {"gitTree": state_of(folder).merged_tree}},
    ]


def test_the_materials_are_base_config_and_bundles(folder: RunFolder) -> None:
    manifest = manifest_of(folder)
    materials = derived(folder)["predicate"]["buildDefinition"]["resolvedDependencies"]
    digests = {material["name"]: material["digest"] for material in materials}
    assert digests.pop("base") == {"gitCommit": manifest.base_commit}
    assert digests.pop("config") == {"sha256": manifest.config_sha256}
    assert sorted(digests) == [
        *(f"{letter}_worker/DIFF.patch" for letter in "ABCD"),
        "attestations/bundles.sha256",
    ]
    for name, digest in digests.items():
        assert digest == {"sha256": folder.sha256(name)}


def test_the_verdict_and_every_check_are_in_it(folder: RunFolder) -> None:
    predicate = derived(folder)["predicate"]
    assert predicate["verdict"] == "PASS"
    checks = [(check["name"], check["required"], check["rc"]) for check in predicate["checks"]]
    assert checks == [("unit", True, 0), ("lint", False, 3)]


def test_it_holds_no_time_and_nothing_of_the_machine(folder: RunFolder) -> None:
    text = statement_bytes(folder, manifest_of(folder), result_of(folder)).decode()
    assert "duration" not in text
    assert state_of(folder).started_at[:10] not in text
    assert str(Path.home()) not in text
    assert "/tmp" not in text


def test_another_clone_at_another_time_gives_the_same_bytes(tmp_path: Path) -> None:
    found: list[bytes] = []
    for name in ("one", "two"):
        bench = Bench(tmp_path / name)
        bench.configure(FOUR, CHECKS[:1])
        if found:
            git(bench.root, "fetch", "-q", str(tmp_path / "one" / "repo"), "main")
            git(bench.root, "reset", "-q", "--hard", "FETCH_HEAD")
        bench.environment = {"SOURCE_DATE_EPOCH": "1700000000", "PATH": "/usr/bin:/bin"}
        folder = run(bench)
        found.append(attest(folder, manifest_of(folder), result_of(folder)))
    assert found[0] == found[1]


def test_without_a_merged_tree_the_patch_is_the_only_subject(tmp_path: Path) -> None:
    folder = run(Bench(tmp_path), dry_run=True)
    found = derived(folder)
    assert [subject["name"] for subject in found["subject"]] == ["Z_integrator/DIFF.patch"]
    assert found["predicate"]["buildDefinition"]["externalParameters"] == {
        "runId": "attested",
        "dryRun": True,
        "workers": [],
    }


def test_the_envelope_holds_the_statement_unsigned(folder: RunFolder) -> None:
    envelope = Envelope.from_bytes(attest(folder, manifest_of(folder), result_of(folder)))
    assert envelope.signatures == ()
    assert json.loads(envelope.payload) == derived(folder)


def test_a_missing_patch_of_z_is_no_statement(folder: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(shutil.copytree(folder.path, tmp_path / "copy"))
    (copy.path / "Z_integrator" / "DIFF.patch").unlink()
    with pytest.raises(Unreadable):
        derived(copy)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"a": [1, {"b": "x"}], "new": 1}, ""),
        ({"a": [1, {"b": "y"}]}, 'a[1].b is "y", not "x"'),
        ({"a": [1]}, "a has 1 entries, not 2"),
        ({"a": 1}, 'a is 1, not [1, {"b": "x"}]'),
        ({"a": [True, {"b": "x"}]}, "a[0] is true, not 1"),
        ({}, 'a is missing, not [1, {"b": "x"}]'),
        ([], ' is [], not {"a": [1, {"b": "x"}]}'),
    ],
)
def test_the_first_difference_is_named(said: Any, words: str) -> None:
    assert first_difference(said, {"a": [1, {"b": "x"}]}) == words
