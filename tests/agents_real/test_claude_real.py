"""The real claude, driven offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents.claude.driver import ClaudeDriver
from tests.agents_real.real_agents import (
    CLAUDE,
    Outcome,
    claude_surroundings,
    drive,
    living,
    needs_claude,
)
from tests.support.model_script import CHANGED
from tests.support.model_server import ModelServer

pytestmark = needs_claude


async def run(folder: Path, model: ModelServer, scenario: str, **more: Any) -> Outcome:
    """Claude with the scripted model; options of the agent in `settings`."""
    settings = {"model": f"scripted-{scenario}", **more.pop("settings", {})}
    task = {"argv": (str(CLAUDE),), "settings": settings}
    environment = claude_surroundings(folder, model.url)
    return await drive(ClaudeDriver(), folder, task, environment, **more)


async def test_a_file_is_changed_and_the_outbox_written(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "outbox")
    assert outcome.verdict.ok, outcome.verdict.reason
    assert outcome.greeting == CHANGED
    assert (tmp_path / "outbox" / "SUMMARY.md").read_text() == "All done.\n"
    assert outcome.last_message == "The greeting is changed."
    assert "editing `hello.txt`" in outcome.shown
    counts = outcome.counts
    assert counts.pop("cost_microusd") > 0
    assert counts == {
        **{"files": 1, "turns": 4},
        **{"tokens_in": 400, "tokens_cached": 160, "tokens_out": 40},
    }


async def test_a_plan_is_shown(tmp_path: Path, model: ModelServer) -> None:
    assert "plan 0/1: look around" in (await run(tmp_path, model, "edit")).shown


async def test_a_failing_command_is_the_models_business(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "fail")
    assert outcome.verdict.ok
    assert "running `echo oops >&2; exit 3`" in outcome.shown


async def test_a_refused_edit_with_nothing_done_is_no_success(
    tmp_path: Path, model: ModelServer
) -> None:
    rights = {"permission_mode": "default", "tools": []}
    outcome = await run(tmp_path, model, "edit", settings=rights)
    assert outcome.greeting == "hello"
    assert not outcome.verdict.ok
    assert outcome.verdict.reason.startswith("claude was refused and did nothing else: Edit hello")


async def test_a_command_that_may_not_be_run_writes_nothing(
    tmp_path: Path, model: ModelServer
) -> None:
    outcome = await run(tmp_path, model, "escape", settings={"tools": []})
    assert not outcome.elsewhere.exists()
    assert not outcome.verdict.ok
    assert "claude was refused and did nothing else: Bash echo out" in outcome.verdict.reason


@pytest.mark.parametrize(
    ("scenario", "reason", "retryable"),
    [
        ("400", "the model refused", False),
        ("401", "not logged in, or the key was refused", False),
        ("429", "the model service limits the rate", True),
        ("500", "the model service has trouble", True),
        ("late-500", "the model service has trouble", True),
        ("cut", "the connection to the model was cut", True),
        ("late-cut", "the connection to the model was cut", True),
    ],
)
async def test_trouble_with_the_model_is_told(
    tmp_path: Path, model: ModelServer, scenario: str, reason: str, retryable: bool
) -> None:
    outcome = await run(tmp_path, model, scenario)
    assert (outcome.verdict.ok, outcome.verdict.retryable) == (False, retryable)
    assert outcome.verdict.reason.startswith(f"claude: {reason}")
    assert outcome.finished.rc == 1


async def test_a_missing_login_is_told(tmp_path: Path, model: ModelServer) -> None:
    environment = claude_surroundings(tmp_path, model.url)
    environment.pop("ANTHROPIC_API_KEY")
    task = {"argv": (str(CLAUDE),), "settings": {"model": "scripted-say"}}
    outcome = await drive(ClaudeDriver(), tmp_path, task, environment)
    assert "not logged in, or the key was refused: Not logged in" in outcome.verdict.reason
    assert model.asked == []


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ({"max_turns": 1}, "the limit of turns (max_turns) is reached"),
        ({"max_cost": 0.0001}, "the budget (max_cost) is used up: 0.00"),
    ],
)
async def test_a_limit_ends_the_turn(
    tmp_path: Path, model: ModelServer, limit: dict[str, Any], told: str
) -> None:
    outcome = await run(tmp_path, model, "edit", settings=limit)
    assert outcome.verdict.reason.startswith(f"claude: {told}")


async def test_a_wrong_argument_is_told_in_its_own_words(
    tmp_path: Path, model: ModelServer
) -> None:
    task = {"argv": (str(CLAUDE), "--no-such-thing")}
    environment = claude_surroundings(tmp_path, model.url)
    outcome = await drive(ClaudeDriver(), tmp_path, task, environment)
    assert (outcome.finished.rc, outcome.verdict.retryable) == (1, False)
    assert "unknown option '--no-such-thing'" in outcome.verdict.reason


async def test_a_silent_model_is_told_by_what_was_seen_last(
    tmp_path: Path, model: ModelServer
) -> None:
    outcome = await run(tmp_path, model, "hang", timeout_s=3)
    assert outcome.verdict.reason == "no end within 3 s: stopped; last seen thinking"
    assert outcome.verdict.retryable


async def test_a_stop_ends_its_tools_too(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "sleep", stop_when=lambda: "sleep" in living(tmp_path))
    assert outcome.finished.reason == "cancelled"
    assert not outcome.verdict.ok
    assert living(tmp_path) == []
