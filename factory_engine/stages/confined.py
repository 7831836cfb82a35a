"""In which sandbox the programs of a run start.

Owns what a worker and a check may see and change, as folders of this run. Which layer there is and
how a program gets into it is the sandbox package's; what a sandbox is asked for, the config's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from factory_engine import storage
from factory_engine.agents.program import exit_in_words
from factory_engine.agents.supervise import Finished, Program
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
        warnings: what was asked for and is not in force.
    """

    layer: Layer
    confinement: Confinement
    warnings: tuple[str, ...]

    def around(self, program: Program) -> Program:
        """The same program, confined."""
        argv = wrap(
            program.argv,
            self.confinement,
            self.layer,
            cwd=program.cwd,
            search=program.env.get("PATH"),
        )
        env = {**program.env, **variables(self.confinement, self.layer)}
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
    probed = await asyncio.to_thread(probe) if asked in ("auto", "required") else NONE
    layer = choose(asked, probed, network=network)
    home = Path(context.environment.get("HOME") or Path.home())
    own = [home / path[2:] if path.startswith("~/") else Path(path) for path in state]
    repository = context.repository
    confinement = Confinement(
        writable=(*writable, *own),
        hidden=(*_workspaces(context), *secrets(home)),
        readonly=(
            *(repository.root, repository.common_dir, repository.git_dir, context.runs_dir),
            *(folder, context.workspaces / "store.git"),
        ),
        temporary=temporary,
        network=network,
    )
    return Cell(layer, confinement, warnings(asked, layer, confinement))


def _workspaces(context: RunContext) -> list[Path]:
    """The workspaces of this repository and of all others that a run was made for."""
    every = context.workspaces.parent
    found = every.iterdir() if every.is_dir() else ()
    return [context.workspaces, *(path for path in found if (path / "store.git").is_dir())]
