"""Ledgers whose chain holds and whose lines say anything at all: each is read, or refused in words.

Whoever has no key can still make every hash fit, so nothing that reads events may rely on it.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory_engine.errors import LedgerError
from factory_engine.events import NO_PARENT, Event, Misfit, parse_line
from factory_engine.fold import fold, fold_all
from factory_engine.ledger import read_events, read_tail, verify_chain
from factory_engine.run_folder import RunFolder
from factory_engine.runs.listing import run_line
from factory_engine.runs.replay import replay
from factory_engine.state import RunState
from factory_tui.console.run.ledger_filter import LedgerFilter
from factory_tui.console.run.swim_lanes import lanes_of
from factory_tui.text import events as words
from factory_tui.text.units import clock_us
from tests.support.golden_runs import GOLDEN, STORIES

LINES = 20_000
LEDGERS = 200
RAW = {  # what JSON can say and Python's writer would not
    '"@huge"': "9" * 5000,
    '"@deep"': "[" * 200_000 + "]" * 200_000,
    '"@open"': "[" * 200_000,
    '"@infinite"': "1e999",
    '"@nan"': "NaN",
    '"@bytes"': '"\udcff"',
}
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**63, -(2**63), 10**30, 1e308),
    *("", "x", "\ud800", "\0", "PASS", "GOOD", "integrate", "block", "../../x", "\x1b[31m\n"),
    *([], [[]], [None], ["x"], [1], [{}], {}, {"x": 1}, {"x": []}, {"": None}, {"files": "x"}),
    *(key.strip('"') for key in RAW),
)


def golden_lines() -> list[list[dict[str, Any]]]:
    files = [(GOLDEN / f"{name}.jsonl").read_bytes() for name in STORIES]
    return [[json.loads(line) for line in data.splitlines()] for data in files]


def spoil(value: Any, chance: random.Random) -> Any:
    """One node of a tree made anew: another value, a key more, fewer or twice, or its parts."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        what = chance.random()
        if what < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if what < 0.2:
            return {**value, chance.choice(["x", "", "status", "tree"]): chance.choice(NASTY)}
        if what < 0.25:
            return dict(chance.sample(list(value.items()), len(value)))
        return {**value, key: spoil(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.7:
        at = chance.randrange(len(value))
        return [*value[:at], spoil(value[at], chance), *value[at + 1 :]]
    like = [nasty for nasty in NASTY if type(nasty) is type(value)]
    return chance.choice(like if like and chance.random() < 0.7 else NASTY)


def chained(event: dict[str, Any], parent: bytes) -> bytes:
    """The line of an event, whatever it says, with ids that fit."""
    body = {
        key: value for key, value in event.items() if key not in ("parent_event_id", "event_id")
    }
    text = json.dumps(body, separators=(",", ":"))[:-1]
    for name, raw in RAW.items():
        text = text.replace(name, raw)
    hashed = text.encode("utf-8", "surrogateescape") + b',"parent_event_id":"%b"' % parent
    return hashed + b',"event_id":"%b"}' % hashlib.sha256(hashed).hexdigest().encode()


def spoiled(seed: int, ledgers: list[list[dict[str, Any]]]) -> tuple[dict[str, Any], int, int]:
    """An event of a ledger with one to three spoiled nodes, and where it stood."""
    chance = random.Random(seed)
    number = chance.randrange(len(ledgers))
    at = chance.randrange(len(ledgers[number]))
    event = ledgers[number][at]
    for _ in range(chance.randint(1, 3)):
        other = chance.random()
        if other < 0.1:  # what another type says
            event = {**event, "event_type": chance.choice(ledgers[number])["event_type"]}
        elif other < 0.7:
            event = {**event, "details": spoil(event.get("details"), chance)}
        else:
            found = spoil(event, chance)
            event = found if isinstance(found, dict) else {"x": found}
    return event, number, at


def require_words(event: Event, before: RunState) -> None:
    """Everything that shows an event shows this one, on one line."""
    after = fold(before, event)
    assert fold_all([event], before) == after
    assert "\n" not in str(words.line_of(event, after))
    words.is_change(event, before)
    assert "\n" not in words.detail(event)
    words.display_status(event)
    for line in ("x", "status=PASS", "worker=A", "!type=run.*", "since=12"):
        LedgerFilter(line).holds(event)
    lanes_of([event], clock_us(event.ts_utc) + 1_000_000, 40)


def states(ledgers: list[list[dict[str, Any]]]) -> Iterator[list[RunState]]:
    """The state before each event of each ledger."""
    for name in STORIES:
        found = [RunState()]
        for event in read_events(GOLDEN / f"{name}.jsonl"):
            found.append(fold(found[-1], event))
        yield found


def test_twenty_thousand_spoiled_lines_are_events_or_refused_in_words() -> None:
    ledgers = golden_lines()
    before = list(states(ledgers))
    refused = []
    for seed in range(LINES):
        spoilt, number, at = spoiled(seed, ledgers)
        try:
            event = parse_line(chained(spoilt, NO_PARENT.encode()))
        except Misfit as misfit:
            refused.append(str(misfit))
        else:
            require_words(event, before[number][at])
    assert LINES // 2 < len(refused) < LINES * 9 // 10
    assert all(0 < len(why) < 300 and "\n" not in why for why in refused)


def refusals(path: Path) -> Iterator[str]:
    """What each way of reading a ledger says against it."""
    for read in (verify_chain, lambda p: list(read_events(p)), lambda p: read_tail(p, 50)):
        try:
            read(path)
        except LedgerError as error:
            yield error.what


@pytest.mark.parametrize("part", range(4))
def test_a_spoiled_ledger_is_shown_or_named_with_its_line(part: int, tmp_path: Path) -> None:
    ledgers = golden_lines()
    folder = RunFolder(tmp_path / "golden")
    folder.path.mkdir()
    for seed in range(part, LEDGERS, 4):
        spoilt, number, at = spoiled(seed, ledgers)
        lines: list[bytes] = []
        for position, event in enumerate(ledgers[number]):
            parent = lines[-1][-66:-2] if lines else NO_PARENT.encode()
            lines.append(chained(spoilt if position == at else event, parent))
        folder.ledger.write_bytes(b"".join(line + b"\n" for line in lines))
        told = {*refusals(folder.ledger)}
        assert replay(folder).problems[:1] == tuple(told) or not told
        assert all(why.startswith(f"line {at + 1} ") for why in told)
        assert len(told) <= 1
        statuses = run_line(folder).workers
        assert all(isinstance(text, str) for pair in statuses.items() for text in pair)
