"""An agent with the settings of a worker that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.config.tasks import AgentConfig, WorkerConfig
from factory_engine.stages.configured_agent import ConfiguredAgent


def configured(worker: dict[str, object] | None = None, **agent: object) -> ConfiguredAgent:
    settings = {"protocol": "codex", **agent}
    return ConfiguredAgent(
        AgentConfig.model_validate(settings),
        WorkerConfig.model_validate({"agent": "mine", "prompt": "Do.", **(worker or {})}),
    )


@pytest.mark.parametrize(
    ("asked", "options", "sandbox"),
    [
        ("auto", {}, "self"),
        ("auto", {"sandbox": "danger-full-access"}, "auto"),
        ("required", {}, "required"),
        ("off", {}, "off"),
    ],
)
def test_one_that_brings_a_sandbox_is_left_to_it_where_it_may_choose(
    asked: str, options: dict[str, object], sandbox: str
) -> None:
    assert configured({"sandbox": asked}, options=options).sandbox == sandbox


def test_its_program_finds_its_keys_and_what_worker_and_agent_set() -> None:
    agent = configured({"env": {"B": "worker"}}, env={"A": "agent", "B": "agent"})
    inherited = {"PATH": "/bin", "OPENAI_API_KEY": "k", "OTHER_API_KEY": "x"}
    environment = agent.environment(inherited, {"FACTORY_RUN_ID": "r"})
    assert environment["OPENAI_API_KEY"] == "k"
    assert (environment["A"], environment["B"]) == ("agent", "worker")
    assert environment["FACTORY_RUN_ID"] == "r"
    assert "OTHER_API_KEY" not in environment


def test_its_own_folders_are_where_its_environment_says() -> None:
    agent = configured(state=["~/more", "/var/more"])
    assert agent.own_folders({"CODEX_HOME": "/elsewhere"}) == [Path("/elsewhere")]
    assert agent.own_folders({"HOME": "/home/me"}) == [Path("/home/me/.codex")]
    assert agent.configured_folders(Path("/home/me")) == [Path("/home/me/more"), Path("/var/more")]


def test_a_workers_command_goes_before_the_agents_program() -> None:
    assert configured(argv=["codex", "-p", "x"]).argv == ("codex", "-p", "x")
