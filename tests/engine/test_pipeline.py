"""The five stages: their order, and where a command begins and stops."""

from __future__ import annotations

from pathlib import Path

from factory_engine.events import STAGES, StageFinished, StageStarted
from factory_engine.ledger import read_events
from factory_engine.pipeline import PIPELINE
from tests.support.factory_runs import FOUR, Bench


def test_the_stages_have_the_names_and_the_order_of_the_ledger() -> None:
    assert tuple(stage.name for stage in PIPELINE) == STAGES


async def test_every_stage_the_summary_too_begins_and_ends_in_the_ledger(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure(FOUR)
    await bench.oneshot(run_id="mine")
    recorded = [
        (type(event.details), event.details.stage)
        for event in read_events(bench.root / "tools/codex/runs/mine/LEDGER.jsonl")
        if isinstance(event.details, StageStarted | StageFinished)
    ]
    assert recorded == [(kind, name) for name in STAGES for kind in (StageStarted, StageFinished)]
