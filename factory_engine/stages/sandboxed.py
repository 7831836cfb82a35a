"""In which sandbox, and on which checkout, the programs of a run start.

Owns what a worker and a check may see and change, as folders of this run. Which layer there is and
how a program gets into it is the sandbox package's; what a sandbox is asked for, the config's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from factory_engine import storage
from factory_engine.checkouts.provider import Checkout
from factory_engine.config.locations import signing_key
from factory_engine.processes.program import exit_in_words
from factory_engine.processes.supervise import Finished, Limits, Program
from factory_engine.sandbox import (
    NONE,
    Confinement,
    Layer,
    Sandbox,
    Shown,
    View,
    agent_logins,
    choose,
    is_there,
    plain_rc,
    probe,
    secrets,
    variables,
    warnings,
    wrap,
)
from factory_engine.stages.context import RunContext
from factory_engine.stages.isolation import IsolationKind, kind_of
from factory_engine.stages.reach import at_checkout, ways_out


@dataclass(frozen=True)
class SandboxedLaunch:
    """Where one program is put.

    Args:
        layer: what confines it.
        confinement: what it may see and change.
        asked: what its configuration asks for.
        warnings: what was asked for and is not in force.
        workspace: its checkout, as it sees it: its working directory.
        repository: the operator's own work tree.
        home: the operator's home folder.
        view: what it finds where; None for the machine as it is.
    """

    layer: Layer
    confinement: Confinement
    asked: Sandbox
    warnings: tuple[str, ...]
    workspace: Path
    repository: Path
    home: Path
    view: View | None = None

    def seen(self, path: Path) -> Path:
        """Where the program sees what lies at `path`."""
        for one in self.view.shown if self.view else ():
            if path.is_relative_to(one.source):
                return one.target / path.relative_to(one.source)
        return path

    @property
    def name(self) -> str:
        """What confines it, in a word: the layer, `self`, or `none`."""
        return "self" if self.asked == "self" else self.layer.name

    @property
    def isolation(self) -> IsolationKind:
        """What keeps it from the operator's own tree."""
        return kind_of(self.view, self.layer)

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
        program = replace(program, env=self._environment(program))
        search = program.env.get("PATH")
        if self.view and program.argv and not self._finds(program.argv[0], search):
            return replace(program, obstacle=f"program not found: {program.argv[0]}")
        argv = wrap(
            program.argv,
            self.confinement,
            self.layer,
            view=self.view,
            cwd=program.cwd,
            search=search,
            file_bytes=program.limits.file_bytes,
        )
        env = {**program.env, **variables(self.confinement, self.layer, program.env)}
        mounts = self.view.mark if self.view and not self.view.by_bubblewrap else ""
        return replace(program, argv=argv, env=env, mounts=mounts)

    def translated(self, finished: Finished) -> Finished:
        """The end as it would be told without a layer."""
        rc = plain_rc(finished.rc, self.layer)
        if finished.reason != "exited" or rc == finished.rc:
            return finished
        return replace(finished, rc=rc, detail=exit_in_words(rc))

    def ways_out(self, program: Program) -> list[str]:
        """What leads the program to the operator's work tree, if nothing keeps it from there."""
        if self.isolation != "none":
            return []
        environment = self._environment(program)
        return ways_out(program.argv, environment, self.repository, self.workspace, self.home)

    def _environment(self, program: Program) -> dict[str, str]:
        if self.view:
            return dict(program.env)
        return at_checkout(program.env, self.repository, self.workspace, self.home)

    def _finds(self, program: str, search: str | None) -> bool:
        return is_there(program, self.workspace, search, self.view)


@dataclass(frozen=True)
class ProgramFolders:
    """What one program gets, as folders on disk.

    Args:
        owner: the worker, or `Z_integrator`.
        checkout: its files.
        folder: what it may read of the workspaces folder.
        temporary: its own temporary folder; made if it is missing.
        writable: what it may change beside its checkout.
        mounted: what it sees at another place than its own, if it has a view.
    """

    owner: str
    checkout: Checkout
    folder: Path
    temporary: Path
    writable: tuple[Path, ...] = ()
    mounted: tuple[Shown, ...] = ()


async def sandboxed_launch(
    context: RunContext,
    asked: Sandbox,
    folders: ProgramFolders,
    *,
    network: bool,
    state: Sequence[Path] = (),
) -> SandboxedLaunch:
    """How a program is put into its sandbox.

    Args:
        context: the run.
        asked: the sandbox that its configuration asks for.
        folders: what it gets on disk.
        network: whether it may reach the network.
        state: what else it may change, such as folders of the agent's own.

    Raises:
        SandboxMissing: it is required and cannot be had.
    """
    storage.make_folder(folders.temporary)
    for one in folders.mounted:
        storage.make_folder(one.target)
    for missing in [path for path in state if not path.exists()]:
        if _is_meant_as_folder(missing):
            storage.make_folder(missing)  # inside the program could not, as it does the first time
    hidden = _hidden(context, folders.owner, state)
    layer = choose(asked, await _probed(context, asked), network=network)
    isolation = await context.isolation()
    stores = (context.workspaces / "store.git", context.history_folder)
    there = _there(folders, stores, state)
    carried = [one.path for one in await context.carried(folders.owner) if one.is_folder]
    view = isolation.view(folders.checkout, layer, there, context.mark(folders.owner), carried)
    for folder in view.carried if view else ():
        for path in (folder.upper, folder.scratch):
            if path is not None:
                storage.make_folder(path, durable=False)
    workspace = isolation.root if view else folders.checkout.top
    repository = context.repository
    own = [repository.root, repository.common_dir, repository.git_dir, *isolation.hidden]
    hide, read = _around_view(view, [path for path in own if path.parent != path], context.runs_dir)
    read = read if view else [one.source for one in folders.mounted if not one.writable]
    confinement = Confinement(
        writable=(workspace, *folders.writable, *state),
        hidden=(*_workspaces(context), *hidden, *hide),
        readonly=(folders.folder, *stores, *read, *_settings_in(state)),
        temporary=folders.temporary,
        network=network,
    )
    gaps = warnings(asked, layer, confinement)
    return SandboxedLaunch(
        layer, confinement, asked, gaps, workspace, repository.root, context.home, view
    )


def _there(folders: ProgramFolders, stores: Sequence[Path], state: Sequence[Path]) -> list[Shown]:
    """What a program must find wherever it lies, as far as it is there."""
    needed = [
        *folders.mounted,
        *(Shown(path, path) for path in (folders.folder, *stores)),
        *(Shown(path, path, writable=True) for path in (*folders.writable, *state)),
        Shown(folders.temporary, folders.temporary, writable=True),
    ]
    return [one for one in needed if one.source.exists()]


def _around_view(
    view: View | None, own: Sequence[Path], runs_dir: Path
) -> tuple[Sequence[Path], Sequence[Path]]:
    """What the layer has to hide of the operator's, and what it keeps readable.

    Where the view has covered it there is nothing left to say of it.
    """
    if view is None:
        return own, ()
    outside = [path for path in (runs_dir,) if not path.is_relative_to(view.at)]
    return (view.hidden if view.by_bubblewrap else ()), outside


@contextlib.contextmanager
def doubting(context: RunContext, sandbox: SandboxedLaunch) -> Iterator[None]:
    """While a program runs that could reach the kept layers, and after it, they are not trusted.

    Landlock does not keep it from changing rights and times.
    """
    harmless = sandbox.layer.name == "bubblewrap"
    if not harmless:
        context.layers.doubt()
    try:
        yield
    finally:
        if not harmless:
            context.layers.doubt()


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


_FILES = frozenset((".git-credentials", ".gitconfig", ".pgpass"))


def _is_meant_as_folder(path: Path) -> bool:
    """Whether a `state` that is not there yet is a folder: `~/.npmrc` and `x.sock` are none."""
    return not (path.suffix or path.name.endswith("rc") or path.name in _FILES)


async def _probed(context: RunContext, asked: Sandbox) -> Layer:
    if asked not in ("auto", "required"):
        return NONE
    return await asyncio.to_thread(probe, secrets(context.home))


# What an agent obeys at its next start: a hook planted there would run outside of any sandbox.
_OBEYED = (
    *("settings.json", "settings.local.json", "managed-settings.json", "hooks", "hooks.json"),
    *("config.toml", "commands", "agents", "skills", "plugins", "AGENTS.md", "CLAUDE.md"),
    *("GEMINI.md", "mcp.json", "extensions", "rules"),
)


def _settings_in(state: Sequence[Path]) -> list[Path]:
    """The settings in an agent's own folders: to be read, not to be changed by its work."""
    return [path for folder in state for name in _OBEYED if (path := folder / name).exists()]


def _hidden(context: RunContext, owner: str, state: Sequence[Path]) -> list[Path]:
    """The secrets that this program must not see: all but what is its agent's own."""
    worker = context.config.workers.get(owner)
    agent = context.config.agents.get(worker.agent) if worker else None
    command_line = [*(worker.command if worker else ()), *(agent.argv if agent else ())]
    command_line += [agent.protocol] if agent else []
    home, environment = context.home, context.environment
    hidden = [*secrets(home, environment), *agent_logins(home, environment, command_line)]
    for other in context.config.agents.values():
        hidden += [path for path in state_folders(other.state, home) if path != home]
    if (key := signing_key(context.config)) is not None:
        hidden.append(key)
    own = set(state)
    return [path for path in dict.fromkeys(hidden) if path not in own and not _is_around(path, own)]


def _is_around(path: Path, own: Collection[Path]) -> bool:
    """Whether one of the program's own folders is not seen where `path` is hidden."""
    return any(folder.is_relative_to(path) for folder in own) and not path.is_file()


def _workspaces(context: RunContext) -> list[Path]:
    """The workspaces of this repository and of all others that a run was made for."""
    every = context.workspaces.parent
    found = every.iterdir() if every.is_dir() else ()
    return [context.workspaces, *(path for path in found if (path / "store.git").is_dir())]
