"""The page of each agent: its configuration works as it stands, and nothing is left unsaid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from factory_engine.agents import AGENT_KINDS
from factory_engine.agents.acp.driver import OPTIONS as ACP
from factory_engine.agents.claude.driver import OPTIONS as CLAUDE
from factory_engine.agents.codex.driver import OPTIONS as CODEX
from factory_engine.config import LoadedConfig, load
from factory_engine.stages.preflight.agent_findings import program_findings

PAGES = Path(__file__).parents[1] / "docs" / "agents"
SECTIONS = (
    "What it gets",
    "Its sandbox",
    "What is seen of it",
    "What `factory doctor` checks",
    "How it is judged",
)
OPTIONS = {"acp": ACP, "claude": CLAUDE, "codex": CODEX}
AGENTS = sorted(AGENT_KINDS)


def page(agent: str) -> str:
    return (PAGES / f"{agent}.md").read_text(encoding="utf-8")


def configurations(agent: str) -> list[str]:
    """The configurations of the page, the complete one first."""
    return re.findall(r"^```json\n(.*?)^```$", page(agent), re.DOTALL | re.MULTILINE)


def loaded(folder: Path, text: str) -> LoadedConfig:
    file = folder / "config.json"
    file.write_text(text, encoding="utf-8")
    return load(folder, file=file, environment={})


def test_each_agent_has_a_page() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} >= set(AGENTS)


@pytest.mark.parametrize("agent", AGENTS)
def test_each_configuration_of_the_page_can_be_loaded_and_means_something(
    agent: str, tmp_path: Path
) -> None:
    texts = configurations(agent)
    assert page(agent).count("```json") == len(texts)
    for text in texts:
        config = loaded(tmp_path, text).config
        working = {name: w for name, w in config.workers.items() if w.has_task}
        found = list(program_findings(config, working, tmp_path, {"PATH": ""}))
        assert [finding for finding in found if finding.name.endswith(" options")] == []
    first = loaded(tmp_path, texts[0]).config
    busy = [worker for worker in first.workers.values() if worker.has_task]
    assert {first.agents[worker.agent].protocol for worker in busy} == {agent}
    assert all(worker.scope.allow for worker in busy)


@pytest.mark.parametrize("agent", AGENTS)
def test_the_page_says_what_there_is_to_say(agent: str) -> None:
    sections = re.findall(r"^## (.+)$", page(agent), re.MULTILINE)
    assert [section for section in sections if section in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize("agent", OPTIONS)
def test_each_option_is_on_the_page(agent: str) -> None:
    table = page(agent).partition("| option |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(OPTIONS[agent])
