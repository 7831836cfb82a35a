"""Four workers with codex at the same time, again and again: nothing of one gets into another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents_real.real_agents import needs_codex
from tests.agents_real.whole_run import Errand, House
from tests.support.model_script import CHANGED, SCENARIOS
from tests.support.model_server import ModelServer

pytestmark = needs_codex

LETTERS = "ABCD"
REQUESTS = len(SCENARIOS["edit"])


def sessions(home: Path) -> Iterator[tuple[str, str, str]]:
    """Of each session in a home of codex its id, its folder, and all that was written of it."""
    for path in sorted((home / "codex-home" / "sessions").rglob("rollout-*.jsonl")):
        text = path.read_text()
        about: dict[str, Any] = json.loads(text.splitlines()[0])["payload"]
        yield about["id"], about["cwd"], text


def outbox_of(house: House, letter: str) -> str:
    """The end of the path of a worker's outbox: the one folder that only it is told of."""
    return f"{house.run_id}/{letter}_worker/outbox"


def run_once(house: House, model: ModelServer, number: int, homes: dict[str, str]) -> None:
    """One run; `homes` names the home of each worker's codex."""
    model.asked.clear()
    house.next_run(number)
    answer = house.oneshot()
    assert answer.code == 0, answer.err
    patch = house.run.read("Z_integrator/DIFF.patch").decode()
    assert patch.count(f"+{CHANGED}\n") == len(LETTERS)
    for letter in LETTERS:
        changed = json.loads(house.run.read(f"{letter}_worker/FILES_CHANGED.json"))["changes"]
        assert [change["path"] for change in changed] == [f"{letter.lower()}/hello.txt"]
    found = {entry for home in set(homes.values()) for entry in sessions(house.home(home))}
    mine = [entry for entry in found if f"{house.run_id}/" in entry[2]]
    assert len({number for number, _, _ in mine}) == len(LETTERS)
    assert {folder for _, folder, _ in mine} == {str(house.root)}  # each at the repository's path
    for letter in LETTERS:
        own = outbox_of(house, letter)
        others = [outbox_of(house, other) for other in LETTERS if other != letter]
        (text,) = [text for _, _, text in mine if own in text]
        asked = [body for body in model.asked if body["model"].endswith(f"@{letter.lower()}")]
        assert len(asked) == REQUESTS
        for words in (text, *map(json.dumps, asked)):
            assert own in words
            assert [other for other in others if other in words] == []
    assert house.alive() == []


def configured(house: House, *, shared: bool) -> dict[str, str]:
    """Four workers with codex, in one home or each in its own; the homes."""
    homes = dict.fromkeys(LETTERS, "all") if shared else {letter: letter for letter in LETTERS}
    house.configure(**{c: Errand(kind="codex", home=homes[c]) for c in LETTERS})
    return homes


@pytest.mark.parametrize("shared", [True, False], ids=["one home", "four homes"])
def test_four_do_not_meet(house: House, model: ModelServer, shared: bool) -> None:
    run_once(house, model, 1, configured(house, shared=shared))


@pytest.mark.soak
@pytest.mark.parametrize("shared", [True, False], ids=["one home", "four homes"])
def test_four_do_not_meet_in_ten_runs(house: House, model: ModelServer, shared: bool) -> None:
    homes = configured(house, shared=shared)
    for number in range(10):
        run_once(house, model, number, homes)
