"""A oneshot whose workers are codex, claude, an ACP agent and a command, all of them real."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

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
from tests.support.factory_runs import (
    Bench,
    codes_of,
    events_of,
    folder_of,
    require_agreement,
    worker,
)
from tests.support.model_script import CHANGED, GREETING
from tests.support.model_server import ModelServer

pytestmark = [needs_codex, needs_claude, needs_acp]
FILES: dict[str | bytes, str | bytes] = {GREETING: "hello\n", "own/d.txt": "d\n"}
# each changes the same file to the same content: shared, so that they merge
SHARED = {"scope": {"shared": [GREETING]}, "prompt": "Change the greeting."}


def agents(folder: Path, model: ModelServer, scenarios: dict[str, str]) -> dict[str, Any]:
    """The configuration of the three agents, each with the scripted model of its scenario."""
    for name in ("codex", "claude", "acp"):
        (folder / name).mkdir()
    return {
        "codex": {
            "protocol": "codex",
            "argv": [str(CODEX)],
            "env": codex_surroundings(folder / "codex", model.url),
            "options": {"model": f"scripted-{scenarios['codex']}"},
        },
        "claude": {
            "protocol": "claude",
            "argv": [str(CLAUDE)],
            "env": claude_surroundings(folder / "claude", model.url),
            "options": {"model": f"scripted-{scenarios['claude']}"},
        },
        "adapter": {
            "protocol": "acp",
            "argv": ["node", str(ACP_CLAUDE)],
            "env": claude_surroundings(folder / "acp", model.url)
            | {"ANTHROPIC_MODEL": f"scripted-{scenarios['acp']}"},
            "options": {"mode": "default"},
        },
    }


def four_workers() -> dict[str, Any]:
    return {
        "A": {**SHARED, "agent": "codex", "title": "Codex"},
        "B": {**SHARED, "agent": "claude", "title": "Claude"},
        "C": {**SHARED, "agent": "adapter", "title": "ACP"},
        "D": worker("Path('own/d.txt').write_text('D\\n')", ["own/**"], title="Command"),
    }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, FILES)
    bench.environment = {"PATH": os.environ["PATH"]}  # what else is set here would steer them
    return bench


async def test_four_kinds_of_workers_are_merged(
    bench: Bench, tmp_path: Path, model: ModelServer
) -> None:
    scenarios = {"codex": "outbox", "claude": "outbox", "acp": "edit"}
    bench.configure(four_workers(), agents=agents(tmp_path, model, scenarios))
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    patch = folder_of(outcome).read("Z_integrator/DIFF.patch").decode()
    assert f"+{CHANGED}" in patch
    assert "+D" in patch
    activities = [e for e in events_of(outcome) if e.event_type == "worker.activity"]
    assert {e.actor for e in activities} >= {"A_worker", "B_worker", "C_worker"}
    for worker_id in ("A_worker", "B_worker", "C_worker"):
        assert outcome.state.workers[worker_id].counts["tokens_in"] > 0
    assert folder_of(outcome).read("A_worker/SUMMARY.md") == b"All done.\n"
    assert folder_of(outcome).read("C_worker/SUMMARY.md") == b"The greeting is changed."
    assert living(tmp_path) == []


async def test_agents_that_fail_block_the_run_each_with_its_reason(
    bench: Bench, tmp_path: Path, model: ModelServer
) -> None:
    scenarios = {"codex": "401", "claude": "cut", "acp": "500"}
    bench.configure(four_workers(), agents=agents(tmp_path, model, scenarios))
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["WORKER", "WORKER", "WORKER"]
    reasons = [outcome.state.workers[f"{letter}_worker"].reason for letter in "ABC"]
    assert "not logged in" in reasons[0]
    assert reasons[1]
    assert "trouble" in reasons[2]
    assert living(tmp_path) == []


async def test_an_agent_out_of_its_scope_is_blocked(
    bench: Bench, tmp_path: Path, model: ModelServer
) -> None:
    scenarios = {"codex": "edit", "claude": "edit", "acp": "edit"}
    workers = {"A": {**four_workers()["A"], "scope": {"allow": ["own/**"]}}}
    bench.configure(workers, agents=agents(tmp_path, model, scenarios))
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["SCOPE"]
