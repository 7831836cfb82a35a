"""`python -m tests.agents_real.record`: records anew the streams in tests/streams.

Owns which scenario of which program becomes which file. What differs between two recordings for no
reason, folders and addresses, is replaced by names; the rest is left as the programs print it.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory_engine.agents import driver
from tests.agents_real.real_agents import (
    ACP_CLAUDE,
    ACP_CODEX,
    CLAUDE,
    CODEX,
    NO_SECRET,
    claude_surroundings,
    codex_surroundings,
    drive,
)
from tests.support.model_server import model_server

STREAMS = Path(__file__).parents[1] / "streams"


@dataclass(frozen=True)
class Recording:
    """One file: `agent` and `scenario` make its name, unless it has another one."""

    agent: str
    scenario: str
    name: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return STREAMS / f"{self.agent}-{self.name or self.scenario}.jsonl"


NO_LOGIN = "no-login"
_COMMON = ("edit", "fail", "cut", "late-cut", "401", "429", "500", "late-500")
RECORDINGS = (
    *(Recording("codex", scenario) for scenario in (*_COMMON, "escape", "hang", "400")),
    Recording("codex", "edit", "read-only", {"sandbox": "read-only"}),
    Recording("codex", "say", NO_LOGIN),
    *(Recording("claude", scenario) for scenario in _COMMON),
    Recording("claude", "say", NO_LOGIN),
    Recording("claude", "edit", "denied", {"permission_mode": "default", "tools": []}),
    Recording("claude", "edit", "max-turns", {"max_turns": 2}),
    Recording("claude", "edit", "max-cost", {"max_cost": 0.0001}),
    *(Recording("acp-codex", scenario) for scenario in ("edit", "401", "500")),
    *(Recording("acp-claude", scenario) for scenario in ("edit", "fail", "401", "cut")),
    Recording("acp-claude", "edit", "denied", {"permissions": "none", "mode": "default"}),
)


def launch(recording: Recording, folder: Path, url: str) -> tuple[str, dict[str, Any], Any]:
    """The driver's name, the task and the environment for `recording`."""
    model = f"scripted-{recording.scenario}"
    if recording.agent.endswith("codex"):
        environment = codex_surroundings(folder, url)
    else:
        environment = claude_surroundings(folder, url)
    if recording.name == NO_LOGIN:
        environment = {n: v for n, v in environment.items() if v != NO_SECRET}
    argv: tuple[str, ...] = (str(CODEX if recording.agent == "codex" else CLAUDE),)
    settings: dict[str, Any] = {**recording.settings}
    match recording.agent:
        case "codex" | "claude":
            settings["model"] = model
        case "acp-codex":
            argv = (str(ACP_CODEX), "-c", f'model="{model}"')
        case "acp-claude":
            argv = ("node", str(ACP_CLAUDE))
            environment["ANTHROPIC_MODEL"] = model
    kind = recording.agent.partition("-")[0]
    return kind, {"argv": argv, "settings": settings}, environment


async def record(recording: Recording, url: str) -> str:
    """Runs one scenario and writes its file. Returns the verdict's reason."""
    folder = Path(tempfile.mkdtemp(prefix="recording-"))
    name, task, environment = launch(recording, folder, url)
    outcome = await drive(driver(name), folder, task, environment, timeout_s=10)
    recording.file.write_bytes(anonymous(outcome.stdout, folder, url))
    return outcome.verdict.reason


def anonymous(stream: bytes, folder: Path, url: str) -> bytes:
    """The stream without folders and addresses of this machine, and without lists of commands."""
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(folder / "tree"))
    for what, name in (
        (str(folder / "tree"), "/workspace"),
        (str(folder / "outbox"), "/outbox"),
        (str(folder), "/home/worker"),
        (slug, "-workspace"),
        (url.removeprefix("http://"), "127.0.0.1:1"),
    ):
        stream = stream.replace(what.encode(), name.encode())
    lines = stream.splitlines(keepends=True)
    return b"".join(line for line in lines if b'"available_commands_update"' not in line)


async def main(chosen: list[str]) -> None:
    """Records all, or those whose file name begins with one of `chosen`."""
    STREAMS.mkdir(exist_ok=True)
    with model_server() as server:
        for recording in RECORDINGS:
            if not chosen or recording.file.stem.startswith(tuple(chosen)):
                print(recording.file.name, "-", await record(recording, server.url))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
