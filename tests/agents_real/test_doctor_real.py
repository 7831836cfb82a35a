"""What `factory doctor` says of the real programs, with and without a login of theirs."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from factory_engine.agents.claude import diagnostics as claude
from factory_engine.agents.codex import diagnostics as codex
from tests.agents_real.real_agents import (
    CODEX,
    FOLDER,
    NO_SECRET,
    needs_acp,
    needs_claude,
    needs_codex,
)
from tests.agents_real.whole_run import Errand, House
from tests.support.model_server import ModelServer


def findings(house: House, code: int, *more: str) -> dict[str, dict[str, Any]]:
    """The rows of `doctor --json`."""
    answer = house.factory("doctor", "--run", "--json", *more)
    assert answer.code == code, answer.out
    return {finding["name"]: finding for finding in answer.document["findings"]}


def levels(found: dict[str, dict[str, Any]], agent: str) -> dict[str, str]:
    return {
        name.removeprefix(f"{agent} "): finding["level"]
        for name, finding in found.items()
        if name.startswith(f"{agent} ")
    }


@needs_codex
@needs_claude
@needs_acp
def test_the_agents_of_a_run_that_would_pass_are_sound(house: House, model: ModelServer) -> None:
    house.configure(A=Errand(), B=Errand(), C=Errand())
    found = findings(house, 0)
    assert set(levels(found, "codex-a").values()) == {"ok"}
    assert found["codex-a version"]["message"].startswith(f"{codex.TESTED}, ")
    assert found["codex-a login"]["message"].startswith("SCRIPTED is set, the key of provider")
    assert found["codex-a sandbox"]["message"].startswith("its own works here")
    assert found["claude-b version"]["message"].startswith(f"{claude.TESTED}, ")
    assert found["claude-b login"]["message"].startswith("ANTHROPIC_API_KEY is set")
    assert levels(found, "claude-b")["sandbox"] == "ok"
    assert found["acp-c version"]["message"].startswith("Claude Agent ")
    assert " speaks ACP 1" in found["acp-c version"]["message"]
    assert model.asked == []
    assert NO_SECRET not in json.dumps(found)


@needs_codex
@pytest.mark.skipif(shutil.which("node") is None, reason="the script of npm needs node")
def test_a_real_codex_of_npm_says_whether_it_is_logged_in(house: House) -> None:
    house.configure(A=Errand())
    settings = house.home("A") / "codex-home" / "config.toml"
    settings.unlink()
    assert levels(findings(house, 2), "codex-a")["login"] == "block"
    settings.with_name("auth.json").write_text(json.dumps({"OPENAI_API_KEY": NO_SECRET}))
    script = FOLDER / "node_modules" / ".bin" / "codex"
    found = findings(house, 0, "--set", f"agents.codex-a.argv={json.dumps([str(script)])}")
    assert found["codex-a login"]["message"] == "logged in; not tried"
    assert found["codex-a shim"]["message"] == f"a script of node that starts {CODEX}"
    assert NO_SECRET not in json.dumps(found)
