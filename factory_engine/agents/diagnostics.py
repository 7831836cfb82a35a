"""What diagnostics are: questions to an agent's program and its surroundings, before it has a task.

Owns the types between `doctor` and the diagnostics of each agent. They use no login and ask no
model; what they start are the agent's own commands that say something about the agent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from factory_engine.events import Finding

_HOME = "USERPROFILE" if sys.platform == "win32" else "HOME"


@dataclass(frozen=True)
class ProbeFolders:
    """Where a command is started.

    Args:
        cwd: its working directory.
        folder: what it may change.
        temporary: its folder for temporary files.
    """

    cwd: Path
    folder: Path
    temporary: Path


Confine = Callable[[tuple[str, ...], ProbeFolders], tuple[tuple[str, ...], Mapping[str, str]]]


@dataclass(frozen=True)
class Setup:
    """An agent as a worker would start it.

    Args:
        agent: its name in the configuration.
        argv: program and arguments of the configuration, or the driver's own program.
        launched: the same with all that the driver adds.
        settings: its options.
        environment: what its program would find.
        inherited: what the operator has, credentials included; only names are ever looked at.
        root: the top of the repository, from where relative programs are named.
        sandbox: what its workers ask for.
        layer: the factory's own sandbox that it would start in; empty for none.
        confine: puts a command in there: the argv that does it, and further variables.
    """

    agent: str
    argv: tuple[str, ...]
    launched: tuple[str, ...]
    settings: Mapping[str, object]
    environment: Mapping[str, str]
    inherited: Mapping[str, str]
    root: Path
    sandbox: str
    layer: str
    confine: Confine

    @property
    def home(self) -> Path:
        """The home folder of its programs."""
        return Path(self.environment.get(_HOME) or Path.home())


class Diagnostics(Protocol):
    """What can be known about one kind of agent. Holds no state."""

    async def look(self, setup: Setup) -> list[Finding]:
        """Everything that is known, in a fixed order; the program itself has been found before."""
        ...


def home_findings(setup: Setup) -> list[Finding]:
    """Whether there is a home folder; without one an agent looks for its login somewhere else."""
    if not setup.environment.get(_HOME):
        message = f"{_HOME} is not set: its login and settings are looked for in {setup.home}"
        return [Finding("home", "warn", message, f"set {_HOME}")]
    if not setup.home.is_dir():
        message = f"{_HOME} names a folder that is not there: {setup.home}"
        return [Finding("home", "warn", message, f"correct {_HOME}")]
    return []


def key_finding(setup: Setup, name: str, whose: str) -> Finding:
    """Whether the variable `name`, which holds the key of `whose`, reaches the agent."""
    if setup.environment.get(name):
        return Finding("login", "ok", f"{name} is set, the key of {whose}; not tried")
    if setup.inherited.get(name):
        message = f"{name}, the key of {whose}, is set but not handed on"
        return Finding("login", "block", message, f"name it in agents.{setup.agent}.pass_env")
    return Finding("login", "block", f"{name}, the key of {whose}, is not set", f"set {name}")
