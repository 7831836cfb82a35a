"""Runs that a test has copied or made up, as if this machine had made them where they lie."""

from __future__ import annotations

from pathlib import Path

from factory_engine import ledger_tail
from factory_engine.own_runs import remember
from factory_engine.runs.whereabouts import common_folder, root_above


def make_own(run: Path) -> None:
    """Let the run in this folder be one of this machine's."""
    ledger = str(run / "LEDGER.jsonl")
    first, last = ledger_tail.first(ledger), next(ledger_tail.backwards(ledger))
    assert first is not None
    event = ledger_tail.parse(last)
    root = root_above(str(run))
    repository = common_folder(root) if root else ""
    remember(str(run), repository, first["event_id"], event["seq"], event["event_id"])
