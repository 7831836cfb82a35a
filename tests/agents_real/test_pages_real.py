"""The configuration on the page of each agent, run with the real program and a scripted model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.agents_real.real_agents import (
    ACP_CLAUDE,
    CLAUDE,
    CODEX,
    claude_surroundings,
    codex_surroundings,
    needs_acp,
    needs_claude,
    needs_codex,
)
from tests.agents_real.whole_run import House
from tests.support.model_script import CHANGED, GREETING
from tests.support.model_server import ModelServer
from tests.support.repositories import commit_all, write_files

PAGES = Path(__file__).parents[2] / "docs" / "agents"


@pytest.fixture
def adopted(house: House) -> House:
    """The repository with a folder that the pages speak of."""
    write_files(house.root, {f"src/{GREETING}": "hello\n"})
    commit_all(house.root)
    return house


def run(house: House, agent: str, name: str, config: dict[str, Any]) -> None:
    """A run with the page's configuration, in which `config` replaces what the agent has."""
    text = re.search(r"^```json\n(.*?)^```$", (PAGES / f"{agent}.md").read_text(), re.S | re.M)
    assert text is not None
    (house.root / "page.json").write_text(text[1])
    sets = [f"agents.{name}.{key}={json.dumps(value)}" for key, value in config.items()]
    options = [word for setting in sets for word in ("--set", setting)]
    config_file = ("--config", "page.json", "--workers", "A")
    answer = house.factory("oneshot", "--run-id", house.run_id, *config_file, *options)
    assert answer.code == 0, answer.err
    assert f"+{CHANGED}\n" in house.run.read("Z_integrator/DIFF.patch").decode()


@needs_codex
def test_the_one_of_codex(adopted: House, model: ModelServer) -> None:
    environment = codex_surroundings(adopted.folder / "codex", model.url)
    options = {"options.model": "scripted-edit@src"}
    run(adopted, "codex", "codex", {"argv": [str(CODEX)], "env": environment, **options})


@needs_claude
def test_the_one_of_claude(adopted: House, model: ModelServer) -> None:
    environment = claude_surroundings(adopted.folder / "claude", model.url)
    options = {"options.model": "scripted-edit@src"}
    run(adopted, "claude", "claude", {"argv": [str(CLAUDE)], "env": environment, **options})


@needs_acp
def test_the_one_of_an_agent_that_speaks_acp(adopted: House, model: ModelServer) -> None:
    environment = claude_surroundings(adopted.folder / "claude", model.url)
    environment["ANTHROPIC_MODEL"] = "scripted-edit@src"
    node = str(shutil.which("node"))
    run(adopted, "acp", "claude-acp", {"argv": [node, str(ACP_CLAUDE)], "env": environment})
