"""The real programs, where they are installed, and a run of one in a small repository.

Owns the surroundings that keep them off the network and out of the tester's own settings: their
only model is the scripted server on loopback. Holds no test.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from factory_engine.agents.file_service import run_conversation
from factory_engine.agents.own_files import OwnFiles, OwnFolder
from factory_engine.agents.protocol import Activity, AgentTask, AgentVerdict, Conversation, Driver
from factory_engine.clock import Clock
from factory_engine.processes.environment import worker_environment
from factory_engine.processes.supervise import Finished, Program, run_program
from factory_engine.processes.tree import Marker
from tests.support.model_script import GREETING
from tests.support.repositories import make_repository

# Read when tests are collected: for the tests themselves FACTORY_* is cleared.
FOLDER = Path(os.environ.get("FACTORY_TEST_AGENTS") or Path(__file__).parents[2] / ".agents")
_MODULES = FOLDER / "node_modules"


def _native(pattern: str) -> Path | None:
    """The program itself: its npm shim would not pass every signal on."""
    return next(iter(sorted(_MODULES.glob(pattern))), None)


_EXE = ".exe" if sys.platform == "win32" else ""
CODEX = _native(f"@openai/codex-*/vendor/*/bin/codex{_EXE}")
CLAUDE = _native(f"@anthropic-ai/claude-code-*/claude{_EXE}")

ACP_CODEX = _native(f"@zed-industries/codex-acp-*/bin/codex-acp{_EXE}")
ACP_CLAUDE = _native("@agentclientprotocol/claude-agent-acp/dist/index.js")

_WHERE = "run tests/agents_real/install.sh, or name its folder in FACTORY_TEST_AGENTS"
needs_codex = pytest.mark.skipif(CODEX is None, reason=f"codex is not installed: {_WHERE}")
needs_claude = pytest.mark.skipif(CLAUDE is None, reason=f"claude is not installed: {_WHERE}")
_NO_ACP = ACP_CLAUDE is None or shutil.which("node") is None
needs_acp = pytest.mark.skipif(_NO_ACP, reason=f"claude-agent-acp is not installed: {_WHERE}")
_NO_CODEX_ACP = f"codex-acp is not installed: {_WHERE}"
needs_codex_acp = pytest.mark.skipif(ACP_CODEX is None, reason=_NO_CODEX_ACP)

NO_SECRET = "a key that opens nothing"

_CODEX_CONFIG = """
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "SCRIPTED"
request_max_retries = 0
stream_max_retries = {retries}
stream_idle_timeout_ms = 1500
supports_websockets = false
[sandbox_workspace_write]
exclude_slash_tmp = true
exclude_tmpdir_env_var = true
[features]
plugins = false
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
metrics_exporter = "none"
"""


@dataclass
class Outcome:
    """What is to be known of a run.

    Args:
        folder: the worker's folders `tree` and `outbox`, and `elsewhere`, a file outside of them.
        stdout: what the program printed, byte by byte.
        last_message: the agent's last words.
    """

    folder: Path
    finished: Finished
    verdict: AgentVerdict
    activities: list[Activity] = field(default_factory=list)
    stdout: bytes = b""
    last_message: str = ""

    @property
    def greeting(self) -> str:
        """The file that scenarios change, as it is now."""
        return (self.folder / "tree" / GREETING).read_text().rstrip("\n")

    @property
    def elsewhere(self) -> Path:
        """A file that the worker has no business with."""
        return self.folder / "elsewhere"

    @property
    def shown(self) -> list[str]:
        """The texts of the activities, each once if it was repeated."""
        texts = [activity.text for activity in self.activities if activity.text]
        return [text for n, text in enumerate(texts) if n == 0 or texts[n - 1] != text]

    @property
    def counts(self) -> dict[str, int]:
        """The counts as they stand at the end."""
        return {name: n for activity in self.activities for name, n in activity.counts.items()}


async def drive(
    driver: Driver,
    folder: Path,
    task: dict[str, Any],
    environment: dict[str, str],
    *,
    stop_when: Callable[[], bool] | None = None,
    timeout_s: float = 60.0,
) -> Outcome:
    """Runs an agent as the launch stage does."""
    tree, outbox = folder / "tree", folder / "outbox"
    make_repository(tree, {GREETING: "hello\n"})
    outbox.mkdir()
    whole = AgentTask("A_worker", folder.name, "0" * 40, tree, outbox, prompt="Go.", **task)
    needs, launch = driver.needs(whole.argv, whole.settings), driver.prepare(whole)
    reader: Any = driver.reader(whole)
    outcome = Outcome(folder, Finished("exited", 0, ""), AgentVerdict(False, ""))

    def listen(chunk: bytes) -> None:
        outcome.stdout += chunk
        outcome.activities.extend(reader.feed(chunk))

    program = Program(
        argv=launch.argv,
        cwd=tree,
        env=worker_environment(
            {"PATH": os.environ["PATH"], "ESCAPE": str(outcome.elsewhere)},
            pass_env=needs.pass_env,
            set_env={**needs.set_env, **environment},
            factory={"FACTORY_OUTBOX": str(outbox)},
        ),
        log=folder / "agent.log",
        marker=Marker(folder.name, "A_worker"),
        workspace=tree,
        stdin=launch.stdin,
        stop_signals=launch.stop_signals,
        separate_stderr=launch.separate_stderr,
        timeout_s=timeout_s,
        grace_s=4.0,
        linger_s=1.0,
    )
    stop, run = asyncio.Event(), run_program
    if isinstance(reader, Conversation):
        own = (OwnFolder(tree, tree), OwnFolder(outbox, outbox))
        run = partial(run_conversation, reader, lambda pid: OwnFiles(*own, pid=pid))
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_watch(stop_when, stop)) if stop_when else None
        outcome.finished = await run(
            program,
            listen,
            clock=Clock(),
            stop=stop,
            on_stderr=reader.feed_stderr,
            over=lambda: reader.over,
        )
        if watch:
            watch.cancel()
    outcome.verdict = reader.verdict(outcome.finished)
    outcome.last_message = reader.last_message
    return outcome


async def _watch(condition: Callable[[], bool], stop: asyncio.Event) -> None:
    while not condition():
        await asyncio.sleep(0.02)
    stop.set()


def codex_surroundings(folder: Path, url: str, retries: int = 0) -> dict[str, str]:
    """The environment of a codex that knows the scripted model only.

    Codex refuses a home below its temporary folder, where pytest's folders are; so it gets another
    temporary folder.
    """
    home, temporary = folder / "codex-home", folder / "tmp"
    home.mkdir(parents=True, exist_ok=True)
    temporary.mkdir(exist_ok=True)
    (home / "config.toml").write_text(_CODEX_CONFIG.format(url=url, retries=retries))
    return {
        "HOME": str(folder),
        "CODEX_HOME": str(home),
        "TMPDIR": str(temporary),
        "SCRIPTED": NO_SECRET,
    }


def claude_surroundings(folder: Path, url: str) -> dict[str, str]:
    """The environment of a claude that knows the scripted model only."""
    switches = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY")
    return {
        "HOME": str(folder),
        "CLAUDE_CONFIG_DIR": str(folder / "claude-home"),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": NO_SECRET,
        "CLAUDE_CODE_MAX_RETRIES": "0",
        **dict.fromkeys((*switches, "DISABLE_ERROR_REPORTING", "DISABLE_AUTOUPDATER"), "1"),
    }


def living(folder: Path) -> list[str]:
    """The names of processes that still work in a worker's folders, or carry its mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            marked = process.environ().get("FACTORY_RUN_ID") == folder.name
            if marked or Path(process.cwd()).is_relative_to(folder):
                found.append(process.name())
    return found
