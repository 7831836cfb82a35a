"""A real agent whose model failed goes on with its own session, in a run of the factory."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from factory_engine.events import Event
from factory_engine.status import Status
from tests.agents_real.real_agents import (
    ACP_CLAUDE,
    CLAUDE,
    CODEX,
    claude_surroundings,
    codex_surroundings,
    living,
    needs_acp,
    needs_claude,
    needs_codex,
)
from tests.support import oneshot_process
from tests.support.event_json import said
from tests.support.factory_runs import Bench, events_of, folder_of, require_agreement
from tests.support.model_script import CHANGED, GREETING
from tests.support.model_server import ModelServer

EVERY = [
    pytest.param("codex", marks=needs_codex),
    pytest.param("claude", marks=needs_claude),
    pytest.param("acp", marks=needs_acp),
]
SURROUNDINGS: dict[str, Any] = {
    **{"codex": codex_surroundings, "claude": claude_surroundings, "acp": claude_surroundings},
}
PROGRAMS: dict[str, list[object]] = {
    "codex": [CODEX],
    "claude": [CLAUDE],
    "acp": ["node", ACP_CLAUDE],
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, {GREETING: "hello\n"})
    bench.environment = {"PATH": os.environ["PATH"]}  # what else is set here would steer them
    return bench


def configure(bench: Bench, name: str, model: ModelServer, scenario: str, **worker: Any) -> None:
    """A run with one worker that the agent `name` does."""
    chosen = f"scripted-{scenario}"
    env = SURROUNDINGS[name](bench.root.parent / name, model.url)
    # a folder that is not there yet cannot be made from inside of a sandbox
    (bench.root.parent / name / "claude-home").mkdir(parents=True, exist_ok=True)
    agent = {
        "protocol": name,
        "argv": [str(word) for word in PROGRAMS[name]],
        "env": {**env, "ANTHROPIC_MODEL": chosen},
        "options": {"mode": "default"} if name == "acp" else {"model": chosen},
    }
    task = {"agent": name, "prompt": "Change the greeting.", "scope": {"allow": ["*"]}}
    bench.configure({"A": {**task, **worker}}, agents={name: agent}, run={"retry": {"delay_s": 0}})


def told(events: list[Event], kind: str, name: str) -> list[Any]:
    return [said(event)[name] for event in events if event.event_type == kind]


@pytest.mark.parametrize("name", EVERY)
async def test_the_session_and_the_work_are_kept(
    bench: Bench, tmp_path: Path, model: ModelServer, name: str
) -> None:
    configure(bench, name, model, "late-500", retries=1)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)  # the script fails at the same step again
    events = events_of(outcome)
    assert told(events, "worker.started", "continues") == [False, True], told(
        events, "worker.retried", "reason"
    )
    assert told(events, "worker.retried", "kind") == ["service"]
    assert len(told(events, "worker.session", "session")) == 1  # the second is the first
    again = str(model.asked[-1])
    assert "You were interrupted." in again
    assert again.count("Change the greeting.") == 2  # what was said first is still known
    assert f"+{CHANGED}" in folder_of(outcome).read("A_worker/DIFF.patch").decode()
    assert living(tmp_path) == []


@needs_claude
async def test_claude_is_stopped_when_its_tokens_are_used_up(
    bench: Bench, tmp_path: Path, model: ModelServer
) -> None:
    configure(bench, "claude", model, "edit", max_tokens=150)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "the budget max_tokens is used up: " in outcome.state.workers["A_worker"].reason
    assert living(tmp_path) == []


@needs_codex
async def test_codex_is_judged_by_its_tokens_at_the_end(bench: Bench, model: ModelServer) -> None:
    configure(bench, "codex", model, "edit", max_tokens=150)
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "of 150 tokens" in outcome.state.workers["A_worker"].reason
    assert f"+{CHANGED}" in folder_of(outcome).read("A_worker/DIFF.patch").decode()


@pytest.mark.parametrize("name", EVERY)
async def test_an_agent_that_only_talks_is_blocked(
    bench: Bench, model: ModelServer, name: str
) -> None:
    configure(bench, name, model, "say")
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "changed no file" in outcome.state.workers["A_worker"].reason


@pytest.mark.parametrize("name", EVERY)
async def test_a_factory_that_is_killed_goes_on_with_the_session(
    bench: Bench, tmp_path: Path, model: ModelServer, name: str
) -> None:
    timeout_s = 12 if name == "acp" else 5  # it takes a while to come up
    configure(bench, name, model, "sleep", timeout_s=timeout_s)
    factory = oneshot_process.start(bench)
    ledger = bench.root / "tools/codex/runs/mine/LEDGER.jsonl"
    while not (ledger.exists() and "sleep 300" in ledger.read_text()):
        assert factory.poll() is None
        await asyncio.sleep(0.05)
    factory.kill()
    factory.communicate()
    outcome = await bench.oneshot(run_id="mine")
    require_agreement(outcome, Status.BLOCKED)  # it sleeps again, until its time is up
    events = events_of(outcome)
    assert told(events, "worker.started", "continues") == [False, True]
    assert f"no end within {timeout_s} s" in outcome.state.workers["A_worker"].reason
    assert "You were interrupted." in str(model.asked[-1])
    assert living(tmp_path) == []
