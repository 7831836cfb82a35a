"""Judging and merging once more finds the forgeries that the folder by itself does not show."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory_engine.artifacts.names import INTEGRATOR
from factory_engine.events import Draft, EventType
from factory_engine.git.repository import Repository
from factory_engine.run_folder import RunFolder
from factory_engine.runs.verify import verify
from factory_engine.status import Status
from tests.engine.provenance.cases import (
    Case,
    acquit,
    elsewhere,
    forgiven,
    made,
)
from tests.engine.provenance.forger import reseal
from tests.support.factory_runs import FOUR, Bench, program, worker
from tests.support.repositories import git, snapshot_bytes


async def test_a_clone_lets_every_tree_be_derived_again(case: Case) -> None:
    found = await case.verify_again()
    assert found.problem == ""
    assert found.rederived
    assert "derived anew" in found.held[-1]


async def test_runs_that_did_not_pass_are_verified_too(
    blocked: Case, red: Case, tmp_path: Path
) -> None:
    for number, original in enumerate((blocked, red)):
        found = await elsewhere(original, tmp_path / str(number)).verify_again()
        assert (found.problem, found.rederived) == ("", True)
        assert found.state.status is Status.BLOCKED


async def test_a_dry_run_is_verified(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    outcome = await bench.oneshot(dry_run=True)
    folder = RunFolder(outcome.folder)
    reseal(folder)
    found = await verify(folder, repository=await Repository.open(bench.root))
    assert (found.problem, found.rederived) == ("", True)


async def test_a_run_that_preflight_stopped_has_nothing_to_derive(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure({})
    outcome = await bench.oneshot()
    reseal(RunFolder(outcome.folder))
    found = await verify(RunFolder(outcome.folder), repository=await Repository.open(bench.root))
    assert found.problem == ""
    assert "nothing to re-derive: the run did not come to merging" in found.notes


async def test_an_amended_lock_counts_when_the_run_is_judged_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure({"A": worker("Path('docs/new.md').write_text('x')", ["src/**"])})
    outcome = await bench.oneshot(run_id="amended")
    assert outcome.status is Status.BLOCKED
    lock = outcome.folder / "A_worker" / "SCOPE_LOCK.json"
    lock.write_text(lock.read_text().replace("src/**", "docs/**"))
    outcome = await bench.judge("amended", "integrate", amend_scope="meant so")
    assert outcome.status is Status.PASS
    reseal(RunFolder(outcome.folder))
    found = await verify(RunFolder(outcome.folder), repository=await Repository.open(bench.root))
    assert (found.problem, found.rederived) == ("", True)


async def test_nothing_is_written_but_to_a_temporary_folder(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = [snapshot_bytes(place) for place in (case.folder.path, case.clone, Path.home())]
    assert (await case.verify_again()).rederived
    after = [snapshot_bytes(place) for place in (case.folder.path, case.clone, Path.home())]
    assert after == before
    assert list(temporary.iterdir()) == []


async def test_no_check_and_no_worker_is_run_again(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    touch = program(f"open({str(marker)!r}, 'a').write('x')")
    check = {"name": "unit", "run": touch}
    # in a sandbox it could not leave its mark
    integrator = {"checks": [check], "sandbox": "off", "baseline": "off"}
    case = await asyncio.to_thread(made, tmp_path, workers={"A": FOUR["A"]}, integrator=integrator)
    assert marker.read_text() == "x"
    assert (await case.verify_again()).rederived
    assert marker.read_text() == "x"


async def test_a_clone_without_base_is_no_help_and_no_harm(case: Case, tmp_path: Path) -> None:
    other = Bench(tmp_path / "other", {"else.txt": "else\n"})
    found = await verify(case.folder, repository=await Repository.open(other.root))
    assert (found.problem, found.rederived) == ("", False)


# --- forgeries that only making the result again finds ------------------------------------------


async def test_a_replaced_bundle_is_found_by_its_tree(case: Case) -> None:
    patch = case.path("B_worker/DIFF.patch")
    patch.write_bytes(patch.read_bytes().replace(b"+new", b"+bad"))
    reseal(case.folder)
    problem = await case.problem_again()
    assert re.search(r"B_worker/DIFF.patch gives tree (none|\w{40}) on base, the ledger", problem)


async def test_another_merged_tree_is_found(case: Case) -> None:
    tree = git(case.clone, "rev-parse", "main^{tree}").strip()

    def edit(draft: Draft) -> Draft:
        merged = draft.event_type == EventType.MERGE_FINISHED
        return replace(draft, hashes={"tree": tree}) if merged else draft

    reseal(case.folder, edit)
    problem = await case.problem_again()
    assert problem.startswith("merging the bundles gives tree ")
    assert problem.endswith(f"the ledger says tree {tree}")


@pytest.mark.parametrize("name", ["DIFF.patch", "FILES_CHANGED.json", "MERGE_PLAN.md"])
async def test_another_artifact_of_z_is_found(case: Case, name: str) -> None:
    path = case.path(f"{INTEGRATOR}/{name}")
    path.write_bytes(path.read_bytes().replace(b"src/b", b"src/x"))
    reseal(case.folder)
    problem = await case.problem_again()
    assert problem == f"Z_integrator/{name} is not what merging the bundles gives"


async def test_a_bundle_that_was_forgiven_is_found(blocked: Case, tmp_path: Path) -> None:
    case = elsewhere(blocked, tmp_path)
    insert_merge(case, git(case.clone, "rev-parse", "main^{tree}").strip())
    check = [{"name": "unit", "rc": 0}]
    acquit(case, forgiven, violations=[], errors=[], conflicts=[], required_checks=check)
    problem = await case.problem_again()
    assert re.match(
        r"the bundle of A_worker is BLOCKED by the rules \(SCOPE\), the ledger", problem
    )


def insert_merge(case: Case, tree: str) -> None:
    """A merge and a green check before the verdict of a run that never came to them."""
    lines = case.folder.ledger.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if '"integration.judged"' in line)
    event = json.loads(lines[at])
    merge: dict[str, Any] = {"order": [], "shared": [], "conflicts": []}
    check = {"name": "unit", "required": True, "status": "PASS", "detail": ""}
    lines[at:at] = [
        json.dumps(
            {**event, "event_type": "merge.finished", "details": merge, "hashes": {"tree": tree}}
        ),
        json.dumps(
            {**event, "event_type": "check.finished", "details": check, "hashes": {}, "rc": 0}
        ),
    ]
    case.folder.ledger.write_text("".join(f"{line}\n" for line in lines))
