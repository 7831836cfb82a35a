"""Rows of activity are folded at once, to what folding them one by one gives."""

from __future__ import annotations

import random

import pytest

from factory_engine.events import (
    Details,
    Event,
    PlannedWorker,
    RunCreated,
    WorkerActivity,
    WorkerStarted,
)
from factory_engine.fold import fold, fold_all
from factory_engine.state import RunState

CREATED = RunCreated(
    kind="k",
    base_ref="HEAD",
    base_commit="a" * 40,
    dry_run=False,
    workers=tuple(PlannedWorker(f"{x}_worker", "", "command", True, 1) for x in "AB"),
)


def event(seq: int, actor: str, details: Details) -> Event:
    hashes = {"A_worker/x": "1"} if seq % 9 == 0 else {}
    time = f"2026-01-01T00:00:00.{seq:06d}Z"
    return Event("r", seq, time, actor, 0, {}, hashes, None, details, "0" * 64, f"{seq:064}")


def events(seed: int) -> list[Event]:
    chance = random.Random(seed)
    found = [event(1, "factory", CREATED)]
    for seq in range(2, chance.randint(3, 30)):
        actor = chance.choice(["A_worker", "B_worker", "unknown"])
        counts = chance.choice([{}, {}, {"x": seq}, {"y": seq}])
        details: Details = WorkerActivity("x", chance.choice(["", "a", str(seq)]), counts)
        if chance.random() < 0.2:
            details = WorkerStarted(chance.randint(1, 2), 2, "command")
        found.append(event(seq, actor, details))
    return found


@pytest.mark.parametrize("seed", range(300))
def test_many_at_once_are_what_they_are_one_by_one(seed: int) -> None:
    given, state = events(seed), RunState()
    for each in given:
        state = fold(state, each)
    cut = seed % len(given)
    assert fold_all(given) == state
    assert fold_all(given[cut:], fold_all(given[:cut])) == state
