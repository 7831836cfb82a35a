"""A run's folder proves what it says, and of every forgery the first thing that fails is named."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory_engine.artifacts.names import ATTESTATION, INTEGRATOR, LEDGER_DIGEST
from factory_engine.errors import LedgerError, UnfinishedError
from factory_engine.events import Draft, EventType
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.runs.verify import verify
from factory_engine.status import Status
from tests.engine.provenance.cases import (
    Case,
    acquit,
    elsewhere,
)
from tests.engine.provenance.forger import detailed, reseal
from tests.support.event_json import anything
from tests.support.factory_runs import Bench


async def test_a_folder_alone_is_enough(case: Case) -> None:
    found = await case.verify()
    assert found.problem == ""
    assert found.state.status is Status.PASS
    assert not found.rederived
    assert any("no tree re-derived" in note for note in found.notes)
    assert "the attestation is not signed" in found.notes
    assert len(found.held) == 4


async def test_an_unfinished_run_has_no_verdict_to_verify(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure()
    outcome = await bench.launch()
    with pytest.raises(UnfinishedError):
        await verify(RunFolder(outcome.folder))


# --- careless changes: something recorded tells ------------------------------------------------


async def test_every_changed_file_is_named(case: Case) -> None:
    for name in case.folder.artifacts():
        before = case.path(name).read_bytes()
        case.path(name).write_bytes(b"x" + before)
        problem = await case.problem()
        case.path(name).write_bytes(before)
        expected = "ledger" if name in ("LEDGER.jsonl", LEDGER_DIGEST) else name
        assert expected in problem, name


async def test_every_removed_file_is_named(case: Case) -> None:
    for name in case.folder.artifacts():
        if name == "LEDGER.jsonl":
            continue
        before = case.path(name).read_bytes()
        case.path(name).unlink()
        assert name in await case.problem(), name
        case.path(name).write_bytes(before)


async def test_a_ledger_that_was_cut_is_named(case: Case) -> None:
    lines = case.folder.ledger.read_bytes().splitlines(keepends=True)
    case.folder.ledger.write_bytes(b"".join(lines[:-2]))
    assert "LEDGER.jsonl is not the one that" in await case.problem()


async def test_a_patch_with_new_sums_is_named_by_the_ledger(case: Case) -> None:
    patch = case.path("A_worker/DIFF.patch")
    old = case.folder.sha256("A_worker/DIFF.patch")
    patch.write_bytes(patch.read_bytes().replace(b"# News", b"# Mine"))
    sums = case.path("attestations/bundles.sha256")
    sums.write_text(sums.read_text().replace(old, case.folder.sha256("A_worker/DIFF.patch")))
    assert "A_worker/DIFF.patch is not the file that the ledger" in await case.problem()


# --- forgeries whose chain and hashes hold -------------------------------------------------------


async def test_old_sums_beside_a_new_patch_are_named(case: Case) -> None:
    case.path("A_worker/SUMMARY.md").write_text("nothing to see\n")
    reseal(case.folder, sums=False)
    assert await case.problem() == (
        "attestations/bundles.sha256 does not list A_worker/SUMMARY.md as it is"
    )


async def test_a_line_too_many_in_the_sums_is_named(case: Case) -> None:
    sums = case.path("attestations/report.sha256")
    sums.write_text(sums.read_text() + f"{'0' * 64}  Z_integrator/GONE.md\n")
    reseal(case.folder, sums=False)
    problem = await case.problem()
    assert problem == "attestations/report.sha256 lists Z_integrator/GONE.md, which is not so"


@pytest.mark.parametrize("name", ["bundles.sha256", "merge.intoto.json"])
async def test_an_attestation_that_vanished_without_a_trace_is_named(case: Case, name: str) -> None:
    case.path(f"attestations/{name}").unlink()
    reseal(case.folder, sums=name != "bundles.sha256", attestation=False)
    assert replay(case.folder).problems == ()
    assert await case.problem() == f"attestations/{name} is missing"


StatementEdit = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), r"subject\[0\]\.digest"),
        (lambda s: s["subject"][1]["digest"].update(gitTree="0" * 40), r"subject\[1\]\.digest"),
        (lambda s: s["subject"].pop(), "subject has 1 entries, not 2"),
        (lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "_type"),
        (lambda s: s.update(predicateType="urn:other"), "predicateType"),
        (lambda s: s["predicate"].update(verdict="FAIL"), "verdict"),
        (lambda s: s["predicate"]["checks"][0].update(rc=1), r"checks\[0\]\.rc"),
        (lambda s: s["predicate"]["checks"].clear(), "checks has 0 entries"),
        (
            lambda s: s["predicate"]["buildDefinition"]["resolvedDependencies"][0].update(
                digest={"gitCommit": "0" * 40}
            ),
            r"resolvedDependencies\[0\]",
        ),
    ],
)
async def test_an_edited_statement_is_named(case: Case, edit: StatementEdit, named: str) -> None:
    envelope = case.document(ATTESTATION)
    content = json.loads(base64.b64decode(envelope["payload"]))
    edit(content)
    envelope["payload"] = base64.b64encode(json.dumps(content).encode()).decode()
    case.write(ATTESTATION, envelope)
    reseal(case.folder, attestation=False)
    assert re.match(f"{ATTESTATION}: statement.*{named}", await case.problem())


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"payload":"","payloadType":"x","signatures":[]}']
)
async def test_an_attestation_that_is_none_is_named(case: Case, data: bytes) -> None:
    case.path(ATTESTATION).write_bytes(data)
    reseal(case.folder, attestation=False)
    assert (await case.problem()).startswith(ATTESTATION)


async def test_fields_of_a_later_version_are_passed_over(case: Case) -> None:
    envelope = case.document(ATTESTATION)
    content = json.loads(base64.b64decode(envelope["payload"]))
    content["predicate"]["later"] = 1
    envelope["payload"] = base64.b64encode(json.dumps(content).encode()).decode()
    case.write(ATTESTATION, envelope)
    reseal(case.folder, attestation=False)
    assert await case.problem() == ""


async def test_another_base_in_the_ledger_is_named(case: Case) -> None:
    reseal(case.folder, detailed(EventType.RUN_CREATED, base_commit="1" * 40))
    assert "is the plan of another run" in await case.problem()


async def test_another_configuration_in_the_plan_is_named(case: Case) -> None:
    plan = case.document("RUN_MANIFEST.json")
    plan["config"]["policy"]["secrets"] = "off"
    case.write("RUN_MANIFEST.json", plan)
    reseal(case.folder)
    assert "config_sha256 is not the digest" in await case.problem()


async def test_a_check_that_vanished_is_named(case: Case) -> None:
    reseal(
        case.folder,
        lambda draft: None if draft.event_type == EventType.CHECK_FINISHED else draft,
    )
    assert "has other results of checks than the ledger" in await case.problem()
    status = case.document(f"{INTEGRATOR}/STATUS.json")
    status["required_checks"] = []
    case.write(f"{INTEGRATOR}/STATUS.json", status)
    reseal(case.folder)
    assert await case.problem() == "the run passed and check unit has no result"


async def test_a_blocked_run_that_now_passed_is_named(blocked: Case, tmp_path: Path) -> None:
    case = elsewhere(blocked, tmp_path)
    acquit(case)
    assert replay(case.folder).problems == ()
    assert await case.problem() == "the run passed and the bundle of A_worker did not"


async def test_a_red_check_of_a_run_that_now_passed_is_named(red: Case, tmp_path: Path) -> None:
    case = elsewhere(red, tmp_path)
    acquit(case, violations=[], errors=[])
    assert await case.problem() == "the run passed and its required check unit did not"


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ({}, "`status` is missing"),
        ({"status": "GOOD"}, "`status` is no status"),
        ({"status": "PASS", "reason": "", "tree": 1}, "`tree` is no text"),
    ],
)
async def test_an_event_of_another_shape_is_a_problem_that_names_its_line(
    case: Case, details: dict[str, Any], why: str
) -> None:
    def edit(draft: Draft) -> Draft:
        if draft.event_type != EventType.BUNDLE_JUDGED:
            return draft
        return replace(draft, details=anything(draft.event_type, details))

    with pytest.raises(LedgerError):  # who forges it cannot attest to it either
        reseal(case.folder, edit)
    problem = await case.problem()
    assert re.fullmatch(rf"line \d+ of type bundle.judged {why}", problem)


@pytest.mark.parametrize(
    ("key", "value"), [("allowed_globs", ["**"]), ("blocked_globs", ["x"]), ("agent", "codex")]
)
async def test_a_plan_that_its_configuration_does_not_give_is_named(
    case: Case, key: str, value: Any
) -> None:
    plan = case.document("RUN_MANIFEST.json")
    plan["workers"][0][key] = value
    case.write("RUN_MANIFEST.json", plan)
    lock = case.document("A_worker/SCOPE_LOCK.json")
    case.write("A_worker/SCOPE_LOCK.json", {**lock, key: value} if key in lock else lock)
    reseal(case.folder)
    problem = await case.problem()
    assert problem == "RUN_MANIFEST.json plans A_worker otherwise than its config says"
