"""What a configuration may say, and what its parts may not say together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from factory_engine import run_id
from factory_engine.config import Config, WorkerConfig, load, models
from factory_engine.errors import UsageError
from tests.engine.config.conftest import Write

PROMPTED: dict[str, Any] = {"agents": {"aider": {"argv": ["aider"]}}}


def worker(**settings: object) -> dict[str, Any]:
    """A configuration file with worker A and an agent `aider` that brings its own program."""
    return {**PROMPTED, "workers": {"A": settings}}


def test_the_defaults_are_those_of_the_contract() -> None:
    config = Config()
    assert config.policy.model_dump() == {
        "protected": [
            *(".env", ".env.*", ".github/workflows/**", ".github/actions/**", "CODEOWNERS"),
            *(".mcp.json", ".claude/settings*.json", "tools/codex/factory/**"),
        ],
        "secrets": "block",
        "symlinks": "block",
        "submodules": "block",
        "binary": "allow",
        "max_file_bytes": 10_000_000,
        "max_files": 10_000,
    }
    assert config.run.max_parallel == 4
    assert config.paths.runs_dir == "tools/codex/runs"
    assert list(config.agents) == ["claude", "codex", "command"]
    assert config.integrator.checks == []
    assert not any(item.has_task for item in config.workers.values())


def test_two_configurations_share_no_list() -> None:
    assert Config().policy.protected is not Config().policy.protected
    assert Config().workers["A_worker"] == WorkerConfig()


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().run.kind = "other"


@pytest.mark.parametrize(
    ("settings", "has_task"),
    [
        ({}, False),
        ({"title": "x", "scope": {"allow": ["a"]}}, False),
        ({"command": ["make"]}, True),
        ({"agent": "aider"}, False),
        ({"agent": "aider", "prompt": "Tidy up"}, True),
        ({"agent": "aider", "prompt_file": "prompts/A.md"}, True),
        ({"command": ["make"], "prompt": "for FACTORY_PROMPT"}, True),
    ],
)
def test_a_task_is_a_command_or_a_prompt(
    tmp_path: Path, write: Write, settings: dict[str, object], has_task: bool
) -> None:
    write(worker(**settings))
    assert load(tmp_path, environment={}).config.workers["A_worker"].has_task is has_task


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"agent": "aider", "prompt": "a", "prompt_file": "b"},
            "workers.A_worker.prompt_file: is set together with prompt; keep one of them",
        ),
        (
            {"agent": "aidr", "prompt": "a"},
            "workers.A_worker.agent: there is no agent 'aidr'; did you mean 'aider'?",
        ),
        (
            {"agent": "gpt", "prompt": "a"},
            "workers.A_worker.agent: there is no agent 'gpt'; "
            "known here: aider, claude, codex, command",
        ),
        (
            {"agent": "aider", "command": ["make"]},
            "workers.A_worker.command: agent 'aider' brings its own program; give it a prompt",
        ),
        (
            {"prompt": "Tidy up"},
            "workers.A_worker.command: agent 'command' needs it to know what to run",
        ),
        (
            {"command": "npm test"},
            'workers.A_worker.command: expected a list, not \'npm test\': write ["npm", "test"]',
        ),
        (
            {"command": "cd a && make"},
            "workers.A_worker.command: expected a list, not 'cd a && make': "
            'write ["sh", "-c", "cd a && make"]',
        ),
        (
            {"command": ["", "x"]},
            "workers.A_worker.command: expected the name of a program as the first entry",
        ),
        (
            {"checks": [{"name": "a", "run": ["x"]}, {"name": "a", "run": ["y"]}]},
            "workers.A_worker.checks: two checks are called 'a'; give each its own name",
        ),
        (
            {"checks": [{"name": "a", "run": []}]},
            "workers.A_worker.checks[0].run: expected 1 or more entries, not 0",
        ),
        ({"env": {"A=B": "c"}}, "workers.A_worker.env.A=B: expected the name of a variable"),
        ({"retries": 11}, "workers.A_worker.retries: expected a number up to 10, not 11"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, write: Write, settings: dict[str, object], message: str
) -> None:
    write(worker(**settings))
    with pytest.raises(UsageError) as caught:
        load(tmp_path, environment={})
    assert caught.value.what.startswith(message)
    assert caught.value.where == "tools/codex/factory/factory.config.json"


def test_an_agent_of_another_protocol_takes_no_command(tmp_path: Path) -> None:
    options = ["agents.codex.protocol=codex", "workers.A.agent=codex", 'workers.A.command=["x"]']
    with pytest.raises(UsageError, match="agent 'codex' brings its own program"):
        load(tmp_path, environment={}, overrides=options)


def test_a_contradiction_between_two_layers_names_both(tmp_path: Path, write: Write) -> None:
    write(worker(agent="aider", prompt="a"))
    with pytest.raises(UsageError) as caught:
        load(tmp_path, environment={"FACTORY_WORKERS__A__PROMPT_FILE": "b"})
    both = "FACTORY_WORKERS__A__PROMPT_FILE, tools/codex/factory/factory.config.json"
    assert caught.value.where == both


def test_workspaces_must_not_be_relative_to_the_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"paths\.workspaces_dir: expected an absolute path"):
        load(tmp_path, environment={"FACTORY_PATHS__WORKSPACES_DIR": "../ws"})


def test_the_kind_of_a_run_is_judged_as_run_ids_judge_it(tmp_path: Path) -> None:
    for kind in ("night", "a" * 32, "a" * 33, "Night", "a_b", "1a", "a-1", "-a", ""):
        try:
            load(tmp_path, environment={}, overrides=[f"run.kind={kind}"])
            accepted = True
        except UsageError:
            accepted = False
        try:
            run_id.make(kind, 0, "0" * 40, set())
            possible = True
        except UsageError:
            possible = False
        assert accepted is possible, kind


def test_a_known_flag_is_off_until_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "KNOWN_FLAGS", ("overlay", "turbo"))
    assert Config().feature_flags == {"overlay": False, "turbo": False}
    flags = Config.model_validate({"feature_flags": {"turbo": True}}).feature_flags
    assert flags == {"overlay": False, "turbo": True}
    with pytest.raises(ValidationError, match="there is no flag 'trubo'; did you mean 'turbo'"):
        Config.model_validate({"feature_flags": {"trubo": True}})
