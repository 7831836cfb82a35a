"""The real codex, driven offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents.codex.driver import CodexDriver
from tests.agents_real.real_agents import (
    CODEX,
    Outcome,
    codex_surroundings,
    drive,
    living,
    needs_codex,
)
from tests.support.model_script import CHANGED
from tests.support.model_server import ModelServer

pytestmark = needs_codex


async def run(folder: Path, model: ModelServer, scenario: str, **more: Any) -> Outcome:
    """Codex with the scripted model; options of the agent in `settings`."""
    settings = {"model": f"scripted-{scenario}", **more.pop("settings", {})}
    task = {"argv": (str(CODEX),), "settings": settings}
    environment = codex_surroundings(folder, model.url, more.pop("retries", 0))
    return await drive(CodexDriver(), folder, task, environment, **more)


async def test_a_file_is_changed_and_the_outbox_written(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "outbox")
    assert outcome.verdict.ok, outcome.verdict.reason
    assert outcome.greeting == CHANGED
    assert (tmp_path / "outbox" / "SUMMARY.md").read_text() == "All done.\n"
    assert outcome.last_message == "The greeting is changed."
    assert "editing `hello.txt`" in outcome.shown
    assert outcome.counts == {
        **{"files": 1, "turns": 1},
        **{"tokens_in": 400, "tokens_cached": 160, "tokens_out": 40},
    }


async def test_the_prompt_arrives(tmp_path: Path, model: ModelServer) -> None:
    await run(tmp_path, model, "say")
    (asked,) = model.asked
    texts = [part["text"] for item in asked["input"] for part in item.get("content", [])]
    assert texts[-1].strip() == "Go."


async def test_a_failing_command_is_the_models_business(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "fail")
    assert outcome.verdict.ok
    assert "running `echo oops >&2; exit 3`" in outcome.shown


async def test_nothing_is_written_outside(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "escape")
    assert outcome.verdict.ok
    assert not outcome.elsewhere.exists()
    assert b"Read-only file system" in outcome.stdout


async def test_without_a_sandbox_it_is(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "escape", settings={"sandbox": "danger-full-access"})
    assert outcome.elsewhere.exists()


async def test_a_refused_patch_with_nothing_done_is_no_success(
    tmp_path: Path, model: ModelServer
) -> None:
    outcome = await run(tmp_path, model, "edit", settings={"sandbox": "read-only"})
    assert outcome.greeting == "hello"
    assert not outcome.verdict.ok
    assert "writing is blocked by read-only sandbox" in outcome.verdict.reason


@pytest.mark.parametrize(
    ("scenario", "reason", "retryable"),
    [
        ("400", "the model refused: the request makes no sense", False),
        ("401", "not logged in, or the key was refused", False),
        ("429", "the model service limits the rate", True),
        ("500", "the model service has trouble", True),
        ("late-500", "the model service has trouble", True),
        ("cut", "the connection to the model was cut", True),
        ("late-cut", "the connection to the model was cut", True),
        ("hang", "the model fell silent", True),
    ],
)
async def test_trouble_with_the_model_is_told(
    tmp_path: Path, model: ModelServer, scenario: str, reason: str, retryable: bool
) -> None:
    outcome = await run(tmp_path, model, scenario)
    assert (outcome.verdict.ok, outcome.verdict.retryable) == (False, retryable)
    assert outcome.verdict.reason.startswith(f"codex: {reason}")
    assert outcome.finished.rc == 1


async def test_its_own_retries_are_shown(tmp_path: Path, model: ModelServer) -> None:
    outcome = await run(tmp_path, model, "cut", retries=1)
    assert any(text.startswith("waiting: Reconnecting... 1/1") for text in outcome.shown)
    assert len(model.asked) == 2


async def test_a_missing_key_is_told(tmp_path: Path, model: ModelServer) -> None:
    environment = codex_surroundings(tmp_path, model.url)
    environment.pop("SCRIPTED")
    task = {"argv": (str(CODEX),), "settings": {"model": "scripted-say"}}
    outcome = await drive(CodexDriver(), tmp_path, task, environment)
    assert "not logged in, or the key was refused" in outcome.verdict.reason
    assert model.asked == []


async def test_a_wrong_argument_is_told_in_its_own_words(
    tmp_path: Path, model: ModelServer
) -> None:
    task = {"argv": (str(CODEX), "--no-such-thing")}
    environment = codex_surroundings(tmp_path, model.url)
    outcome = await drive(CodexDriver(), tmp_path, task, environment)
    assert (outcome.finished.rc, outcome.verdict.retryable) == (2, False)
    assert "unexpected argument '--no-such-thing' found" in outcome.verdict.reason


@pytest.mark.parametrize("sandbox", ["workspace-write", "danger-full-access"])
async def test_a_stop_ends_its_tools_too(tmp_path: Path, model: ModelServer, sandbox: str) -> None:
    outcome = await run(
        tmp_path,
        model,
        "sleep",
        settings={"sandbox": sandbox},
        stop_when=lambda: "sleep" in living(tmp_path),
    )
    assert outcome.finished.reason == "cancelled"
    assert not outcome.verdict.ok
    assert living(tmp_path) == []


async def test_a_turn_that_takes_too_long_is_told_by_what_was_seen_last(
    tmp_path: Path, model: ModelServer
) -> None:
    outcome = await run(tmp_path, model, "sleep", timeout_s=2)
    assert outcome.verdict.reason.startswith("no end within 2 s: stopped")
    assert "last seen running `echo $$ > started; sleep 300`" in outcome.verdict.reason
    assert outcome.verdict.retryable
