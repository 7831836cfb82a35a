"""What `doctor`, and preflight before it, say of the agents of a configuration."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from factory_engine.events import Finding
from factory_engine.runs import doctor
from factory_engine.runs.project import open_project
from factory_engine.sandbox import probe
from factory_engine.status import Status
from tests.support.event_json import said
from tests.support.factory_runs import FOUR, Bench, events_of
from tests.support.repositories import make_repository, snapshot_bytes, write_files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")

CLAUDE = "#!/bin/sh\necho 2.1.197\n"
PROMPT = {"prompt": "Do it.", "scope": {"allow": ["src/**"]}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_files(tmp_path, {"bin/claude": CLAUDE, "bin/mine": CLAUDE})
    for path in (tmp_path / "bin").iterdir():
        path.chmod(0o755)
    return make_repository(tmp_path / "repo", {"a.txt": "a\n"})


def environment(root: Path) -> dict[str, str]:
    path = f"{root.parent / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "ANTHROPIC_API_KEY": "set"}


async def found(
    root: Path, workers: dict[str, Any], agents: dict[str, Any] | None = None
) -> dict[str, Finding]:
    overrides = [f"workers={json.dumps(workers)}", f"agents={json.dumps(agents or {})}"]
    findings = await doctor.examine(root, overrides=overrides, environment=environment(root))
    return {finding.name: finding for finding in findings}


async def test_the_agents_of_workers_with_a_task_are_examined_and_no_others(root: Path) -> None:
    before = snapshot_bytes(root)
    findings = await found(root, {"A": {"agent": "claude", **PROMPT}, "B": {"agent": "codex"}})
    names = [name for name in findings if name.startswith(("claude", "codex"))]
    assert names == ["claude program", "claude version", "claude login", "claude sandbox"]
    assert findings["claude version"].message == f"2.1.197, {root.parent / 'bin' / 'claude'}"
    assert findings["claude login"].message == "ANTHROPIC_API_KEY is set; not tried"
    after = {path: s for path, s in snapshot_bytes(root).items() if not path.startswith("tools")}
    assert after == before


async def test_a_new_agent_of_a_known_protocol_is_examined_too(root: Path) -> None:
    agents = {"mine": {"protocol": "claude", "argv": ["mine"]}}
    findings = await found(root, {"A": {"agent": "mine", **PROMPT}}, agents)
    assert findings["mine version"].message == f"2.1.197, {root.parent / 'bin' / 'mine'}"


async def test_an_agent_that_is_used_in_two_ways_is_examined_twice(root: Path) -> None:
    used = {"agent": "claude", **PROMPT}
    workers = {"A": used, "B": {**used, "env": {"ANTHROPIC_API_KEY": ""}}, "C": used}
    findings = await found(root, workers)
    assert findings["claude (A, C) login"].level == "ok"
    assert findings["claude (B) login"].level == "warn"


async def test_an_agent_is_tried_in_the_sandbox_of_its_workers(root: Path) -> None:
    if probe().name == "none":
        pytest.skip("no sandbox works here")
    agents = {"mine": {"protocol": "acp", "argv": ["touch", str(root.parent / "outside")]}}
    findings = await found(root, {"A": {"agent": "mine", **PROMPT, "sandbox": "auto"}}, agents)
    assert findings["mine version"].level == "block"
    assert "agents.mine.state" in findings["mine version"].advice
    assert not (root.parent / "outside").exists()


async def test_an_agent_that_is_not_installed_blocks_and_is_not_examined(root: Path) -> None:
    agents = {"mine": {"protocol": "acp", "argv": ["no-such-agent", "--acp"]}}
    findings = await found(root, {"A": {"agent": "mine", **PROMPT}}, agents)
    finding = findings["mine program"]
    assert finding.level == "block"
    assert finding.message == "no-such-agent was not found on the PATH"
    assert finding.advice == "install it, or name it in agents.mine.argv"
    assert "mine version" not in findings


async def test_an_option_that_an_agent_does_not_have_blocks(root: Path) -> None:
    agents = {"claude": {"protocol": "claude", "options": {"modle": "opus"}}}
    findings = await found(root, {"A": {"agent": "claude", **PROMPT}}, agents)
    finding = findings["claude options"]
    assert (finding.level, finding.message) == ("block", "unknown option 'modle'")
    assert finding.advice == "did you mean 'model'?"


async def test_a_run_whose_agent_is_missing_is_blocked_before_it_starts(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    missing = str(tmp_path / "nowhere" / "agent")
    agents = {"mine": {"protocol": "acp", "argv": [missing]}}
    bench.configure({"A": {"agent": "mine", **PROMPT}}, agents=agents)
    outcome = await bench.oneshot()
    assert outcome.status is Status.BLOCKED
    assert "agent was not found there" in outcome.state.reason
    assert "worker.started" not in {event.event_type for event in events_of(outcome)}
    assert str(tmp_path) not in str([said(event) for event in events_of(outcome)])


async def test_a_run_needs_only_the_programs_of_those_who_take_part(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    agents = {"mine": {"protocol": "acp", "argv": ["no-such-agent"]}}
    absent = {"agent": "mine", **PROMPT}
    gone = {"command": ["no-such-program"], "scope": {"allow": ["docs/**"]}}
    bench.configure({"A": FOUR["A"], "B": absent, "C": gone}, agents=agents)
    assert (await bench.oneshot(workers=("A_worker",))).status is Status.PASS


async def test_a_dry_run_asks_for_no_agent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    agents = {"mine": {"protocol": "acp", "argv": ["no-such-agent"]}}
    bench.configure({"A": {"agent": "mine", **PROMPT}}, agents=agents)
    assert (await bench.oneshot(dry_run=True)).status is Status.PASS


async def test_preflight_starts_no_agent(root: Path) -> None:
    (root.parent / "bin" / "claude").write_text(f"#!/bin/sh\ntouch {root.parent / 'started'}\n")
    overrides = [f"workers={json.dumps({'A': {'agent': 'claude', **PROMPT}})}"]
    project = await open_project(root, overrides=overrides, environment=environment(root))
    findings = await doctor.preflight(project, None)
    assert "claude program" in {finding.name for finding in findings}
    assert not (root.parent / "started").exists()
