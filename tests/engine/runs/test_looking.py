"""Looking at a repository never executes what it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory_engine.events import Finding
from factory_engine.runs import doctor
from tests.support.repositories import make_repository

PROMPT = {"prompt": "hi", "scope": {"allow": ["src/**"]}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "repo", {"src/a": "a"})
    for name in ("evil.sh", "claude"):
        (root / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/PWNED\necho claude 9.9.9\n")
        (root / name).chmod(0o755)
    return root


async def look(root: Path, config: dict[str, Any], *, run: bool = False) -> list[Finding]:
    path = root / "tools/codex/factory/factory.config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return await doctor.examine(root, run=run)


def claude(**more: Any) -> dict[str, Any]:
    return {"protocol": "claude", **more}


HOSTILE: list[dict[str, Any]] = [
    {
        "agents": {"claude": claude(argv=["./evil.sh"], state=["~/"])},
        "workers": {"A": {"agent": "claude", "sandbox": "off", **PROMPT}},
    },
    {
        "agents": {"mine": claude(argv=["sh", "-c", "./evil.sh"])},
        "workers": {"A": {"agent": "mine", **PROMPT}},
    },
    {
        "agents": {"codex": {"protocol": "codex", "argv": ["./evil.sh"]}},
        "workers": {"A": {"agent": "codex", **PROMPT}},
    },
    {
        "agents": {"other": {"protocol": "acp", "argv": ["./evil.sh"]}},
        "workers": {"A": {"agent": "other", **PROMPT}},
    },
    {
        "agents": {"claude": claude(argv=["claude"], env={"PATH": "."})},
        "workers": {"A": {"agent": "claude", "sandbox": "off", **PROMPT}},
    },
    {"workers": {"A": {"agent": "claude", "env": {"PATH": "."}, "sandbox": "off", **PROMPT}}},
    {
        "workers": {
            "A": {"agent": "claude", **PROMPT},
            "B": {"agent": "claude", "env": {"PATH": "."}, **PROMPT},
        }
    },
]


@pytest.mark.parametrize("config", HOSTILE)
async def test_doctor_starts_no_program_of_the_repository(
    root: Path, config: dict[str, Any]
) -> None:
    await look(root, config)
    assert not (root.parent / "PWNED").exists()


async def test_doctor_says_what_it_did_not_start(root: Path) -> None:
    findings = await look(root, HOSTILE[3])
    (told,) = [finding for finding in findings if finding.name == "other agent"]
    assert "evil.sh: not started" in told.message
    assert "doctor --run" in told.advice


async def test_doctor_starts_it_when_it_is_told_to(root: Path) -> None:
    config = {
        "agents": {"claude": claude(argv=["./evil.sh"])},
        "workers": {"A": {"agent": "claude", "sandbox": "off", **PROMPT}},
    }
    findings = await look(root, config, run=True)
    assert (root.parent / "PWNED").exists()
    assert any(finding.name == "claude version" for finding in findings)
