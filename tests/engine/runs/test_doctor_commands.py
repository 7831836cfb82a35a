"""What is known of programs, tasks, scopes and variables before anybody is paid."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from factory_engine.events import Finding
from factory_engine.runs import doctor
from tests.support.repositories import commit_all, make_repository, write_files

FILES = {"src/a.txt": "a\n", "run.sh": "#!/bin/sh\n", ".gitignore": ".venv\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_repository(tmp_path / "repo", FILES)
    (made / "run.sh").chmod(0o755)
    commit_all(made)
    return made


async def found(
    root: Path, environment: Mapping[str, str] | None = None, **sections: Any
) -> dict[str, Finding]:
    overrides = [f"{key}={json.dumps(value)}" for key, value in sections.items()]
    surroundings = {**os.environ, **(environment or {})}
    findings = await doctor.examine(root, overrides=overrides, environment=surroundings)
    return {finding.name: finding for finding in findings}


async def of_check(root: Path, *run: str, **more: Any) -> Finding:
    check = {"name": "t", "run": run, **more.pop("check", {})}
    findings = await found(
        root, integrator={"checks": [check], **more.pop("integrator", {})}, **more
    )
    return findings["check t program"]


def install(root: Path, program: str) -> None:
    (root / program).parent.mkdir(parents=True, exist_ok=True)
    (root / program).write_text("#!/bin/sh\n")
    (root / program).chmod(0o755)


@pytest.mark.parametrize("program", ["git", "./run.sh", "/bin/sh"])
async def test_what_base_or_the_machine_has_is_there(root: Path, program: str) -> None:
    assert (await of_check(root, program)).level == "ok"


async def test_its_own_name_from_the_top_is_there(root: Path) -> None:
    assert (await of_check(root, str(root / "run.sh"))).level == "ok"


async def test_what_is_carried_is_there(root: Path) -> None:
    install(root, ".venv/bin/python")
    assert (await of_check(root, ".venv/bin/python")).level == "ok"


async def test_what_only_the_operator_has_is_not(root: Path) -> None:
    install(root, ".venv/bin/python")
    finding = await of_check(root, ".venv/bin/python", workspace={"carry": []})
    assert finding.level == "block"
    assert "in your work tree only" in finding.message
    assert "workspace.carry" in finding.advice


async def test_what_a_step_makes_will_be_there(root: Path) -> None:
    step = {"name": "s", "run": ["no-such-tool"], "inputs": ["run.sh"], "outputs": [".venv"]}
    workspace = {"carry": [], "prepare": [step]}
    assert (await of_check(root, ".venv/bin/python", workspace=workspace)).level == "ok"
    assert (await found(root, workspace=workspace))["prepare s program"].level == "block"


async def test_z_may_carry_less_than_workers(root: Path) -> None:
    install(root, ".venv/bin/python")
    assert (await of_check(root, ".venv/bin/python", integrator={"carry": []})).level == "block"


async def test_a_path_that_leads_into_the_work_tree_counts_as_that(root: Path) -> None:
    install(root, ".venv/bin/own-tool")
    environment = {"PATH": f"{root}/.venv/bin:{os.environ['PATH']}"}
    checks = {"checks": [{"name": "t", "run": ["own-tool"]}]}
    shown = await found(root, environment, integrator=checks)
    assert shown["check t program"].level == "ok"
    hidden = await found(root, environment, integrator=checks, workspace={"carry": []})
    assert hidden["check t program"].level == "block"


async def test_behind_a_link_of_base_it_cannot_be_told(root: Path) -> None:
    install(root, "tools/real/tool")
    (root / "bin").symlink_to("tools/real")
    commit_all(root)
    assert (await of_check(root, "bin/tool")).level == "ok"


async def test_a_script_without_the_right_to_be_executed(root: Path) -> None:
    write_files(root, {"check.sh": "#!/bin/sh\n"})
    commit_all(root)
    finding = await of_check(root, "./check.sh")
    assert (finding.level, "cannot be executed" in finding.message) == ("block", True)


async def test_a_missing_program_is_named(root: Path) -> None:
    finding = await of_check(root, "no-such-runner", "-q")
    assert finding.level == "block"
    assert finding.message == "no-such-runner was not found on the PATH"
    assert finding.advice == "correct integrator.checks"


async def test_an_optional_check_stands_in_nobodys_way(root: Path) -> None:
    assert (await of_check(root, "no-such", check={"required": False})).level == "warn"


async def test_what_a_worker_may_make_stands_in_nobodys_way(root: Path) -> None:
    assert (await of_check(root, "./new.sh")).level == "block"
    later = await of_check(root, "./new.sh", integrator={"baseline": "off"})
    assert later.level == "warn"


async def test_a_command_as_one_word(root: Path) -> None:
    finding = await of_check(root, "npm test")
    assert finding.message == "there is no program called 'npm test'"
    assert '["npm", "test"]' in finding.advice


@pytest.mark.parametrize("word", [">", "|", "&&"])
async def test_words_for_a_shell(root: Path, word: str) -> None:
    worker = {"command": ["echo", "2", word, "src/a.txt"], "scope": {"allow": ["src/**"]}}
    finding = (await found(root, workers={"A": worker}))["A_worker program"]
    assert finding.level == "block"
    assert f'["sh", "-c", "echo 2 {word} src/a.txt"]' in finding.advice


async def test_a_shell_and_test_know_these_words(root: Path) -> None:
    assert (await of_check(root, "sh", "-c", "true && true")).level == "ok"
    assert (await of_check(root, "test", "a", ">", "b")).level == "ok"


async def test_a_scope_that_matches_nothing(root: Path) -> None:
    for patterns, level in (["srcs/**"], "warn"), (["src/**"], None), (["*.txt"], None):
        worker = {"command": ["true"], "scope": {"allow": patterns}}
        finding = (await found(root, workers={"A": worker})).get("A_worker scope")
        assert (finding.level if finding else None) == level, patterns


async def test_two_workers_of_one_scope(root: Path) -> None:
    worker = {"command": ["true"], "scope": {"allow": ["src/**"]}}
    finding = (await found(root, workers={"A": worker, "B": worker}))["scopes"]
    assert finding.level == "warn"
    assert finding.message.startswith("A_worker and B_worker have the same scope")


async def test_no_task_at_all(root: Path) -> None:
    assert (await found(root))["tasks"].level == "ok"
    assert (await found(root, workers={"A": {"title": "First"}}))["tasks"].level == "warn"


@pytest.mark.parametrize(
    ("text", "level", "told"),
    [
        (None, "block", "cannot be read"),
        ("", "block", "is empty"),
        ("template", "block", "is still the template"),
        ("Paint it.\n\n<!-- Replace all below. -->\n", "warn", "still holds lines"),
    ],
)
async def test_prompts(root: Path, text: str | None, level: str, told: str) -> None:
    if text == "template":
        from importlib.resources import files

        text = (files("factory_engine") / "agents/prompts/B.md").read_text()
    if text is not None:
        (root / "task.md").write_text(text)
    worker = {"agent": "codex", "prompt_file": "task.md", "scope": {"allow": ["src/**"]}}
    finding = (await found(root, workers={"A": worker}))["A_worker prompt"]
    assert (finding.level, told in finding.message) == (level, True)


async def test_variables_that_are_named_in_vain(root: Path) -> None:
    integrator = {"pass_env": ["UNSET_TOKEN", "GIT_DIR", "SET_TOKEN", "X_*"]}
    messages = []
    for finding in await doctor.examine(
        root,
        overrides=[f"integrator={json.dumps(integrator)}"],
        environment={**os.environ, "SET_TOKEN": "x"},
    ):
        if finding.name == "integrator variables":
            messages.append(finding.message)
    refused, unset = messages
    assert "GIT_DIR, which is never handed on" in refused
    assert unset == "pass_env names UNSET_TOKEN, which is not set"


async def test_the_key_of_an_agent_that_is_withheld(root: Path) -> None:
    install(root, "droid")
    commit_all(root)
    environment = {"FACTORY_API_KEY": "fk-secret"}
    worker: dict[str, Any] = {"command": ["./droid"], "scope": {"allow": ["src/**"]}}
    finding = (await found(root, environment, workers={"A": worker}))["A_worker login"]
    assert "FACTORY_API_KEY, which is set and withheld" in finding.message
    worker["pass_env"] = ["FACTORY_API_KEY"]
    assert "A_worker login" not in await found(root, environment, workers={"A": worker})
