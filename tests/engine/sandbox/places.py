"""A machine in miniature: a home, a repository, two workers; and programs confined in it.

Holds no test.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from factory_engine.clock import Clock
from factory_engine.processes.program import Finished, Program
from factory_engine.processes.supervise import run_program
from factory_engine.processes.tree import marked
from factory_engine.sandbox import Confinement, Layer, secrets, variables, wrap
from tests.engine.processes.programs import program


@dataclass(frozen=True)
class Places:
    """The folders of a run, below one that has a difficult name."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def mine(self) -> Path:
        return self.root / "workspaces" / "run" / "A_worker"

    @property
    def other(self) -> Path:
        return self.root / "workspaces" / "run" / "B_worker"

    @property
    def tree(self) -> Path:
        return self.mine / "tree"

    @property
    def store(self) -> Path:
        return self.root / "workspaces" / "store.git"

    @property
    def log(self) -> Path:
        return self.root / "program.log"

    def make(self) -> Places:
        """Make all of it."""
        for folder in (self.tree, self.mine / "outbox", self.mine / "tmp", self.other / "tree"):
            folder.mkdir(parents=True)
        for folder in (self.home / ".ssh", self.home / ".cache", self.repository, self.store):
            folder.mkdir(parents=True)
        (self.home / ".ssh" / "id").write_text("key")
        (self.home / ".netrc").write_text("password")
        (self.home / ".gitconfig").write_text("")
        (self.repository / "file").write_text("users")
        (self.other / "tree" / "file").write_text("others")
        (self.mine / "PROMPT.md").write_text("prompt")
        (self.store / "object").write_text("base")
        return self

    def confinement(self, **changes: Any) -> Confinement:
        """What a worker gets."""
        made = Confinement(
            writable=(self.tree, self.mine / "outbox"),
            hidden=(self.root / "workspaces", *secrets(self.home)),
            readonly=(self.repository, self.mine, self.store, self.home),
            temporary=self.mine / "tmp",
        )
        return replace(made, **changes)

    def program(self, layer: Layer, argv: tuple[str, ...], **changes: Any) -> Program:
        """`argv` confined; `confinement` and `env` can be changed, all else as for a program."""
        confinement = changes.pop("confinement", self.confinement())
        env = {**os.environ, **changes.pop("env", {}), **variables(confinement, layer)}
        path = env.get("PATH")
        wrapped = wrap(argv, confinement, layer, cwd=self.tree, search=path)
        return program(self.tree, wrapped, env=env, log=self.log, **changes)

    async def run(self, layer: Layer, argv: tuple[str, ...], **changes: Any) -> Finished:
        """Run `argv` confined, to its end."""
        return await run_program(self.program(layer, argv, **changes), clock=Clock())

    async def shell(self, layer: Layer, line: str, *arguments: Path, **changes: Any) -> str:
        """What a shell line says, confined; `$1` and so on are `arguments`."""
        await self.run(layer, ("sh", "-c", line, "sh", *map(str, arguments)), **changes)
        return self.log.read_text()


def python(code: str, *arguments: object) -> tuple[str, ...]:
    """The argv that runs Python code."""
    return (sys.executable, "-S", "-c", code, *map(str, arguments))


def marked_pids(run_id: str) -> dict[int, str]:
    """Every process that carries the mark of a run, with its name, as anyone can see it."""
    names = {}
    for pid in marked(run_id):
        with contextlib.suppress(OSError):
            names[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
    return names
