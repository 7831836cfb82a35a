"""What is judged is what was written: a file that changed in between blocks the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_engine.stages.bundle_writer import write_bundle
from factory_engine.stages.integrate.merged_checks import check_merged
from factory_engine.status import Status
from tests.support.factory_runs import (
    Bench,
    codes_of,
    program,
    report_of,
    require_agreement,
    worker,
)

CHANGE = "Path('src/a/one.txt').write_text('ONE\\n')"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "(bundle / 'DIFF.patch').write_bytes(b'')",
        "(bundle / 'SUMMARY.md').write_text('nothing to see')",
        "(bundle / 'LOGS/agent.log').write_text('well done')",
        "(bundle / 'extra.txt').write_text('one more')",
        "(bundle / 'HANDOFF_NOTE.json').unlink()",
    ],
)
async def test_a_finished_bundle_that_is_changed_is_blocked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    real = write_bundle

    async def meddling(context: Any, contents: Any) -> Any:
        written = await real(context, contents)
        if contents.worker_id == "A_worker":
            exec(change, {"bundle": context.folder.path / "A_worker"})
        return written

    monkeypatch.setattr("factory_engine.stages.launch.worker.write_bundle", meddling)
    bench.configure({"A": worker(CHANGE, ["src/**"])})
    outcome = await bench.oneshot(run_id="mine")
    assert outcome.status is Status.BLOCKED
    assert "TAMPERED" in codes_of(outcome)
    assert "TAMPERED  A_worker:" in report_of(outcome)


@pytest.mark.parametrize("name", ["DIFF.patch", "FILES_CHANGED.json", "MERGE_PLAN.md"])
async def test_what_z_wrote_is_compared_after_its_checks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = check_merged

    async def meddling(context: Any, *rest: Any) -> Any:
        checked = await real(context, *rest)
        (context.folder.path / "Z_integrator" / name).write_bytes(b"something else")
        return checked

    monkeypatch.setattr("factory_engine.stages.integrate.stage.check_merged", meddling)
    checks = [{"name": "unit", "run": program("pass")}]
    bench.configure({"A": worker(CHANGE, ["src/**"])}, checks=checks)
    outcome = await bench.oneshot()
    assert outcome.status is Status.BLOCKED
    assert codes_of(outcome) == ["TAMPERED"]


async def test_a_bundle_that_an_operator_mends_is_judged_anew(bench: Bench) -> None:
    bench.configure({"A": worker(CHANGE, ["src/**"])})
    outcome = await bench.launch(run_id="mine")
    (outcome.folder / "A_worker/SUMMARY.md").write_text("mended by hand")
    again = await bench.judge("mine", "integrate")
    require_agreement(again, Status.PASS)
