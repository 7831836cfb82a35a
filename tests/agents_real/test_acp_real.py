"""Real agents that speak ACP, driven offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents.acp.driver import AcpDriver
from tests.agents_real.real_agents import (
    ACP_CLAUDE,
    ACP_CODEX,
    Outcome,
    claude_surroundings,
    codex_surroundings,
    drive,
    living,
    needs_acp,
    needs_codex_acp,
)
from tests.support.model_script import CHANGED
from tests.support.model_server import ModelServer


async def run_claude(folder: Path, model: ModelServer, scenario: str, **more: Any) -> Outcome:
    """The adapter for claude with the scripted model."""
    environment = claude_surroundings(folder, model.url)
    environment["ANTHROPIC_MODEL"] = f"scripted-{scenario}"
    settings = {"mode": "default", **more.pop("settings", {})}
    task = {"argv": ("node", str(ACP_CLAUDE)), "settings": settings}
    return await drive(AcpDriver(), folder, task, environment, **more)


@needs_acp
async def test_a_file_is_changed_with_permission(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run_claude(tmp_path, model, "edit")
    assert outcome.verdict.ok, outcome.verdict.reason
    assert outcome.greeting == CHANGED
    assert "editing `hello.txt`" in outcome.shown
    assert outcome.last_message == "The greeting is changed."
    assert outcome.counts["tokens_in"] == 500
    assert outcome.counts["cost_microusd"] > 0


@needs_acp
async def test_without_permission_nothing_is_changed(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run_claude(tmp_path, model, "edit", settings={"permissions": "none"})
    assert outcome.greeting == "hello"
    assert not outcome.verdict.ok
    assert "was refused and did nothing else: Edit hello.txt" in outcome.verdict.reason


@needs_acp
@pytest.mark.parametrize(
    ("scenario", "reason", "retryable"),
    [
        ("401", "not logged in, or the key was refused", False),
        ("500", "the model service has trouble", True),
        ("cut", "the connection to the model was cut", True),
    ],
)
async def test_trouble_with_the_model_is_told(
    tmp_path: Path, model: ModelServer, scenario: str, reason: str, retryable: bool
) -> None:
    outcome = await run_claude(tmp_path, model, scenario)
    assert (outcome.verdict.ok, outcome.verdict.retryable) == (False, retryable)
    assert outcome.verdict.reason.startswith(f"Claude Agent: {reason}")


@needs_acp
async def test_a_stop_ends_its_tools_too(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run_claude(
        tmp_path, model, "sleep", stop_when=lambda: "sleep" in living(tmp_path)
    )
    assert not outcome.verdict.ok
    assert living(tmp_path) == []


@needs_codex_acp
async def test_an_agent_that_stays_after_its_turn_does_not_spoil_it(
    tmp_path: Path, model: ModelServer
) -> None:
    argv = (str(ACP_CODEX), "-c", 'model="scripted-edit"')
    environment = codex_surroundings(tmp_path, model.url)
    outcome = await drive(AcpDriver(), tmp_path, {"argv": argv}, environment, timeout_s=5)
    assert outcome.verdict.ok, outcome.verdict.reason
    assert outcome.greeting == CHANGED
