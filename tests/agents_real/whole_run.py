"""A repository whose four workers are codex, claude, an agent that speaks ACP, and a command.

Owns their configuration, file by file, and the command line that is run on it in a process of its
own. Each worker has a folder of its own name and changes the greeting in it. Holds no test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory_engine.config.paths import CONFIG_FILE, RUNS_DIR
from factory_engine.events import Event
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.state import RunState
from tests.agents_real.real_agents import (
    ACP_CLAUDE,
    CLAUDE,
    CODEX,
    claude_surroundings,
    codex_surroundings,
    living,
)
from tests.cli.shell import Answer
from tests.support.factory_runs import program
from tests.support.model_script import GREETING
from tests.support.model_server import ModelServer
from tests.support.repositories import make_repository, snapshot_bytes

ROOT = Path(__file__).parents[2]
KINDS = {"A": "codex", "B": "claude", "C": "acp", "D": "command"}


@dataclass
class Errand:
    """What one worker is to do, and how.

    Args:
        scenario: of the scripted model; of the command the Python code that it runs.
        settings: of the worker, over the usual ones.
        options: of its agent, over the usual ones.
        kind: of agent; empty for the usual one of the worker.
        home: the name of the agent's home; empty for one of its own.
    """

    scenario: str = "edit"
    settings: Mapping[str, Any] | None = None
    options: Mapping[str, Any] | None = None
    kind: str = ""
    home: str = ""


COMMAND = f"Path('d/{GREETING}').write_text('hello from the command\\n')"


class House:
    """The repository, its configuration, and the command line.

    Args:
        folder: where all of it lies.
        home: the home of the factory itself.
    """

    def __init__(self, folder: Path, home: Path, model: ModelServer) -> None:
        files = {f"{letter}/{GREETING}": "hello\n" for letter in "abcd"}
        self.root = make_repository(folder / "repo", files)
        self.folder = folder
        self._name = f"{folder.name}-{os.getpid()}"
        self.run_id = self._name  # the mark of its processes, so no other test may have it
        self._started: list[subprocess.Popen[bytes]] = []
        self._home = home
        self._model = model

    def configure(self, **errands: Errand) -> None:
        """Writes the configuration: the errand of each worker that is to work."""
        workers, agents = {}, {}
        for letter, errand in errands.items():
            kind = errand.kind or KINDS[letter]
            worker: dict[str, Any] = {"scope": {"allow": [f"{letter.lower()}/**"]}}
            if kind == "command":
                worker["command"] = program(errand.scenario)
            else:
                name = f"{kind}-{letter.lower()}"
                worker |= {"agent": name, "prompt": "Change the greeting."}
                agents[name] = self._agent(kind, letter, errand)
            workers[letter] = worker | dict(errand.settings or {})
        content = {"workers": workers, "agents": agents, "run": {"grace_s": 4}}
        path = self.root / CONFIG_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def home(self, letter: str) -> Path:
        """The home of a worker's agent."""
        return self.folder / f"home-{letter}"

    def _agent(self, kind: str, letter: str, errand: Errand) -> dict[str, Any]:
        home, url = self.home(errand.home or letter), self._model.url
        home.mkdir(exist_ok=True)
        model = f"scripted-{errand.scenario}@{letter.lower()}"
        options = {"model": model, **(errand.options or {})}
        if kind == "codex":
            environment, argv = codex_surroundings(home, url), [str(CODEX)]
        elif kind == "claude":
            environment, argv = claude_surroundings(home, url), [str(CLAUDE)]
        else:
            environment = {**claude_surroundings(home, url), "ANTHROPIC_MODEL": model}
            argv = ["node", str(ACP_CLAUDE)]
            options = {"mode": "default", **(errand.options or {})}
        return {"protocol": kind, "argv": argv, "env": environment, "options": options}

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """`factory ARGV` in the repository; what else is set here would steer the agents."""
        process = subprocess.Popen(
            [sys.executable, "-m", "factory_tui", *argv],
            cwd=self.root,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._home),
                "PYTHONPATH": str(ROOT),
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """Ends what a test that failed left running, and all that it started."""
        for process in self._started:
            if process.poll() is None:
                process.terminate()
                ended(process)

    def factory(self, *argv: str) -> Answer:
        """The same, waited for."""
        return ended(self.start(*argv))

    def oneshot(self) -> Answer:
        """The whole run, and at its end the document about it."""
        return self.factory("oneshot", "--run-id", self.run_id, "--json")

    def next_run(self, number: int) -> None:
        """From now on it is about another run."""
        self.run_id = f"{self._name}-{number}"

    @property
    def run(self) -> RunFolder:
        """The run's folder."""
        return RunFolder(self.root / RUNS_DIR / self.run_id)

    @property
    def events(self) -> list[Event]:
        """The run's ledger."""
        return list(read_events(self.run.ledger))

    @property
    def state(self) -> RunState:
        """The run as its ledger tells it; the ledger fits the files."""
        replayed = replay(self.run)
        assert replayed.problems == ()
        return replayed.state

    def bundle(self, letter: str) -> dict[str, Any]:
        """STATUS.json of a worker."""
        found = json.loads(self.run.read(f"{letter}_worker/STATUS.json"))
        assert isinstance(found, dict)
        return found

    def alive(self) -> list[str]:
        """The names of processes that still work for the run."""
        return living(self.run.path)

    def begun(self, *letters: str) -> bool:
        """Whether these workers have been seen at something, and one of them sleeps in a tool."""
        if not self.run.ledger.is_file():
            return False
        seen = {e.actor[:1] for e in self.events if e.event_type == "worker.activity"}
        return seen.issuperset(letters) and self.alive().count("sleep") == len(letters)

    def snapshot(self) -> dict[str, Any]:
        """Everything in the repository but the runs."""
        found = snapshot_bytes(self.root)
        return {path: state for path, state in found.items() if not path.startswith("tools")}


def ended(process: subprocess.Popen[bytes]) -> Answer:
    """What a command said in the end."""
    with process:
        out, err = process.communicate(timeout=90)
    return Answer(process.returncode, out.decode(), err.decode())
