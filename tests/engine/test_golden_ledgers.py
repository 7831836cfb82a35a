"""Ledgers that were written before: read as ever, and what is written now has their shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory_engine.clock import from_rfc3339
from factory_engine.events import Draft, Event, EventType, Unknown, seal
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events, verify_chain
from tests.support.golden_runs import GOLDEN, STORIES, ledger_of, state_text

Shape = tuple[tuple[str, str, tuple[str, ...]], ...]


ADDED = (
    {("lock.amended", "who")}
    | {("worker.started", name) for name in ("isolation", "port_base")}
    | {
        (kind, name)
        for kind in ("worker.checked", "check.finished")
        for name in ("last_lines", "lacked")
    }
)
"""Fields that were added since the golden ledgers were recorded."""


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.jsonl"


def draft_of(event: Event) -> Draft:
    assert not isinstance(event.details, Unknown)
    return Draft(
        event.details, event.actor, event.duration_ms, event.file_counts, event.hashes, event.rc
    )


def shape(details: dict[str, Any]) -> Shape:
    """The keys in their order, with the kinds of their values and the keys of records in lists."""
    found = []
    for key, value in details.items():
        first = value[0] if isinstance(value, list) and value else None
        found.append((key, type(value).__name__, tuple(first) if isinstance(first, dict) else ()))
    return tuple(found)


def shapes(path: Path) -> set[tuple[str, Shape]]:
    lines = map(json.loads, path.read_bytes().splitlines())
    return {(line["event_type"], shape(_as_then(line))) for line in lines}


def _as_then(line: dict[str, Any]) -> dict[str, Any]:
    kind = line["event_type"]
    return {key: value for key, value in line["details"].items() if (kind, key) not in ADDED}


def test_they_hold_every_type_of_event() -> None:
    types = {event.event_type for name in STORIES for event in read_events(golden(name))}
    assert types == set(EventType)


@pytest.mark.parametrize("name", STORIES)
def test_the_same_event_makes_the_same_bytes(name: str) -> None:
    for line, event in zip(
        golden(name).read_bytes().splitlines(), read_events(golden(name)), strict=True
    ):
        made, written = seal(
            draft_of(event),
            run_id=event.run_id,
            seq=event.seq,
            ts_utc=event.ts_utc,
            parent=event.parent_event_id,
        )
        assert written == line
        assert made == event


@pytest.mark.parametrize("name", STORIES)
def test_they_mean_what_they_meant(name: str) -> None:
    path = golden(name)
    events = list(read_events(path))
    assert state_text(fold_all(events)) == (GOLDEN / f"{name}.state.json").read_text()
    head = verify_chain(path)
    assert (head.seq, head.ts_us) == (len(events), from_rfc3339(events[-1].ts_utc))


@pytest.mark.parametrize("name", STORIES)
async def test_a_run_of_now_writes_no_other_shape(name: str, tmp_path: Path) -> None:
    known = set().union(*(shapes(golden(name)) for name in STORIES))
    assert shapes(await ledger_of(name, tmp_path)) <= known
