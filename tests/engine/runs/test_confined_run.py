"""A run whose programs are confined: what the kernel refuses never happens."""

from __future__ import annotations

import pytest

from factory_engine.sandbox import probe
from factory_engine.status import Status
from tests.support.event_json import said
from tests.support.factory_runs import (
    Bench,
    events_of,
    folder_of,
    program,
    require_agreement,
    worker,
)

pytestmark = pytest.mark.skipif(probe().name == "none", reason="no sandbox works on this machine")


async def test_a_confined_worker_works_in_its_workspace_and_outbox(bench: Bench) -> None:
    code = "Path('src/a/one.txt').write_text('ONE'); Path(os.environ['TMPDIR'], 'x').touch(); "
    code += "Path(os.environ['FACTORY_OUTBOX'], 'SUMMARY.md').write_text('Mine')"
    checks = [{"name": "unit", "run": program("Path('built').touch()")}]
    bench.configure({"A": worker(code, ["src/**"], sandbox="required")})
    bench.settings["integrator"] = {"checks": checks, "sandbox": "required"}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert folder_of(outcome).read("A_worker/SUMMARY.md") == b"Mine"
    started = [e for e in events_of(outcome) if e.event_type == "worker.started"]
    assert said(started[0])["sandbox"] == probe().name
    assert not folder_of(outcome).work.exists()


async def test_a_write_into_the_repository_lands_in_the_workspace(bench: Bench) -> None:
    before = bench.snapshot()
    target = bench.root / "src/a/one.txt"
    bench.configure(
        {"A": worker(f"Path({str(target)!r}).write_text('mine')", ["src/**"], sandbox="required")}
    )
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"+mine" in folder_of(outcome).read("A_worker/DIFF.patch")
    assert bench.snapshot() == before


async def test_a_check_that_writes_into_the_repository_writes_its_checkout(bench: Bench) -> None:
    before = bench.snapshot()
    target = bench.root / "src/a/one.txt"
    code = f"p = Path({str(target)!r})\nassert p.read_text() == '1'\np.write_text('mine')"
    check = {"name": "sneaky", "run": program(code)}
    bench.configure({"A": worker("Path('src/a/one.txt').write_text('1')", ["src/**"])})
    bench.settings["integrator"] |= {"checks": [check, {**check, "name": "again"}]}
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"+1" in folder_of(outcome).read("Z_integrator/DIFF.patch")
    assert bench.snapshot() == before
