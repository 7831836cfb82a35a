"""In which sandbox the programs of a run start.

Owns what a worker and a check may see and change, as folders of this run. Which layer there is and
how a program gets into it is the sandbox package's; what a sandbox is asked for, the config's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.program import exit_in_words
from factory_engine.agents.supervise import Finished, Limits, Program
from factory_engine.sandbox import (
    NONE,
    Confinement,
    Layer,
    Sandbox,
    choose,
    plain_rc,
    probe,
    secrets,
    variables,
    warnings,
    wrap,
)
from factory_engine.stages.context import RunContext


@dataclass(frozen=True)
class Cell:
    """Where one program is put.

    Args:
        layer: what confines it.
        confinement: what it may see and change.
        asked: what its configuration asks for.
        warnings: what was asked for and is not in force.
    """

    layer: Layer
    confinement: Confinement
    asked: Sandbox
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """What confines it, in a word: the layer, `self`, or `none`."""
        return "self" if self.asked == "self" else self.layer.name

    @property
    def private(self) -> tuple[Path, ...]:
        """The folders outside of the workspace that are the program's alone."""
        return (self.confinement.temporary,) if self.confinement.temporary else ()

    @property
    def gaps(self) -> tuple[str, ...]:
        """The warnings about this program alone; that there is no layer is told of the run."""
        return self.warnings[1:] if self.layer.name == "none" else self.warnings

    def around(self, program: Program) -> Program:
        """The same program, confined."""
        argv = wrap(
            program.argv,
            self.confinement,
            self.layer,
            cwd=program.cwd,
            search=program.env.get("PATH"),
            file_bytes=program.limits.file_bytes,
        )
        env = {**program.env, **variables(self.confinement, self.layer, program.env)}
        return replace(program, argv=argv, env=env)

    def told(self, finished: Finished) -> Finished:
        """The end as it would be told without a layer."""
        rc = plain_rc(finished.rc, self.layer)
        if finished.reason != "exited" or rc == finished.rc:
            return finished
        return replace(finished, rc=rc, detail=exit_in_words(rc))


async def cell(
    context: RunContext,
    asked: Sandbox,
    *,
    folder: Path,
    writable: Sequence[Path],
    temporary: Path,
    network: bool,
    state: Sequence[str] = (),
) -> Cell:
    """The cell for a program.

    Args:
        context: the run.
        asked: the sandbox that its configuration asks for.
        folder: what it may read of the workspaces folder.
        writable: what it may change.
        temporary: its own temporary folder; made if it is missing.
        network: whether it may reach the network.
        state: folders of the agent's own that it may change, `~` for the home.

    Raises:
        SandboxMissing: it is required and cannot be had.
    """
    storage.make_folder(temporary)
    home = home_of(context.environment)
    hidden = secrets(home)
    probed = await asyncio.to_thread(probe, hidden) if asked in ("auto", "required") else NONE
    layer = choose(asked, probed, network=network)
    repository = context.repository
    confinement = Confinement(
        writable=(*writable, *state_folders(state, home)),
        hidden=(*_workspaces(context), *hidden),
        readonly=(
            *(repository.root, repository.common_dir, repository.git_dir, context.runs_dir),
            *(folder, context.workspaces / "store.git"),
        ),
        temporary=temporary,
        network=network,
    )
    return Cell(layer, confinement, asked, warnings(asked, layer, confinement))


def limits_for(context: RunContext, *folders: Path) -> Limits:
    """What the run allows each of its programs to take, with the folders that are its own."""
    run = context.config.run
    return Limits(run.max_disk_bytes, run.max_disk_bytes, folders, run.max_processes)


def home_of(environment: Mapping[str, str]) -> Path:
    """The home folder of whoever has this environment."""
    return Path(environment.get("HOME") or Path.home())


def state_folders(state: Sequence[str], home: Path) -> list[Path]:
    """The folders that an agent's `state` names, `~` for the home."""
    return [home / path[2:] if path.startswith("~/") else Path(path) for path in state]


def _workspaces(context: RunContext) -> list[Path]:
    """The workspaces of this repository and of all others that a run was made for."""
    every = context.workspaces.parent
    found = every.iterdir() if every.is_dir() else ()
    return [context.workspaces, *(path for path in found if (path / "store.git").is_dir())]
