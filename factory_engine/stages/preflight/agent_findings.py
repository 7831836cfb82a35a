"""What can be known about the agents of a configuration before a worker starts.

Owns which agents are looked at, and in which surroundings; what there is to know about one kind
is in its diagnostics. `program_findings` starts nothing and names no folder of this machine, so
that a run can record it; `examine_agents` is for `doctor` alone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from factory_engine.agents import agent_kind
from factory_engine.agents.diagnostics import ProbeFolders, Setup
from factory_engine.agents.protocol import AgentTask, Launch
from factory_engine.config.models import Config
from factory_engine.config.tasks import WorkerConfig
from factory_engine.errors import UsageError
from factory_engine.escape import printable
from factory_engine.events import Finding
from factory_engine.sandbox import (
    NONE,
    Confinement,
    Layer,
    probe,
    secrets,
    variables,
    wrap,
)
from factory_engine.stages.configured_agent import ConfiguredAgent
from factory_engine.stages.sandboxed import home_of

_NOWHERE = Path("workspace")  # stands for a folder that there is not yet


@dataclass(frozen=True)
class _Use:
    """An agent as one or more workers use it.

    Args:
        name: the agent's, with the letters of the workers if others use it differently.
        agent: its name in the configuration.
        configured: the agent with the settings of the first of the workers.
    """

    name: str
    agent: str
    configured: ConfiguredAgent

    def launch(self) -> Launch:
        """How it would be started. Raises UsageError for options that make no sense."""
        task = AgentTask(
            worker_id=self.name,
            run_id="",
            base="",
            workspace=_NOWHERE,
            outbox=_NOWHERE,
            prompt="any",
            argv=self.configured.argv,
            settings=self.configured.agent.options,
        )
        return self.configured.driver.prepare(task)

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """What its program would find, without what only a run can say."""
        return self.configured.environment(inherited, factory={})


def program_findings(
    config: Config, working: Mapping[str, WorkerConfig], root: Path, inherited: Mapping[str, str]
) -> Iterator[Finding]:
    """Whether the program of each agent is there, and its options make sense.

    Args:
        config: where the agents are.
        working: the workers that have a task, by id.
        root: the top of the repository.
        inherited: the environment of the factory.
    """
    for use in _uses(config, working):
        try:
            launch = use.launch()
        except UsageError as error:
            yield Finding(f"{use.name} options", "block", error.what, error.advice)
            continue
        program = launch.argv[0]
        search = use.environment(inherited).get("PATH", "")
        if is_there(program, root, search):
            yield Finding(f"{use.name} program", "ok", printable(_name(program)))
            continue
        where = "there" if os.path.isabs(program) else "in the repository"
        where = where if os.path.dirname(program) else "on the PATH"
        message = f"{printable(_name(program))} was not found {where}"
        advice = f"install it, or name it in agents.{use.agent}.argv"
        yield Finding(f"{use.name} program", "block", message, advice)


async def examine_agents(
    config: Config,
    root: Path,
    workspaces: Path,
    inherited: Mapping[str, str],
    named_by_repository: Callable[[str], bool] = lambda _: False,
) -> list[Finding]:
    """The diagnostics of each agent whose program is there, in the order of their names.

    Args:
        config: which agents, and how.
        root: the top of the repository.
        workspaces: where checkouts lie.
        inherited: the environment of the operator.
        named_by_repository: whether a section, by its dotted name, says something because the
            repository does: such an agent is not started.
    """
    probed = await asyncio.to_thread(probe, secrets(home_of(inherited)))
    tasks = []
    unasked: list[Finding] = []
    async with asyncio.TaskGroup() as group:
        working = {w: worker for w, worker in sorted(config.workers.items()) if worker.has_task}
        for use in _uses(config, working):
            setup = _setup(use, root, workspaces, inherited, probed)
            by_repository = any(map(named_by_repository, _sections(use, config)))
            if setup is not None and by_repository:
                message = f"{' '.join(setup.argv)}: not started, the repository says how"
                advice = "look at its configuration, then `factory doctor --run`"
                unasked.append(Finding(f"{use.name} agent", "ok", printable(message, 300), advice))
            elif setup is not None:
                look = agent_kind(use.configured.agent.protocol).diagnostics.look(setup)
                tasks.append((use.name, group.create_task(look)))
    return unasked + [
        replace(finding, name=f"{name} {finding.name}")
        for name, task in tasks
        for finding in task.result()
    ]


def _sections(use: _Use, config: Config) -> list[str]:
    """What decides which program is started, and with what around it."""
    workers = [name for name, worker in config.workers.items() if worker.agent == use.agent]
    parts = ("env", "pass_env", "sandbox")
    return [
        f"agents.{use.agent}",
        *(f"workers.{name}.{part}" for name in workers for part in parts),
    ]


def is_there(program: str, root: Path, search: str) -> bool:
    """True if a worker would find `program`; one with a folder counts from the repository's top."""
    if "/" in program or "\\" in program:
        return (root / program).exists()
    return shutil.which(program, path=search) is not None


def _name(program: str) -> str:
    """As the repository knows it; of a program elsewhere on this machine only the file's name."""
    return os.path.basename(program) if os.path.isabs(program) else program


def _uses(config: Config, working: Mapping[str, WorkerConfig]) -> list[_Use]:
    """Each agent that a worker with a task has, once for each way in which it is started."""
    ways: dict[str, list[tuple[str, WorkerConfig]]] = {}
    for worker_id, worker in working.items():
        if worker.command:
            continue
        same = ways.setdefault(worker.agent, [])
        same.append((worker_id.removesuffix("_worker"), worker))
    return [use for agent in sorted(ways) for use in _grouped(agent, config, ways[agent])]


def _grouped(agent: str, config: Config, workers: list[tuple[str, WorkerConfig]]) -> Iterator[_Use]:
    groups: list[tuple[list[str], WorkerConfig]] = []
    for letter, worker in workers:
        for letters, first in groups:
            if _same_way(worker, first):
                letters.append(letter)
                break
        else:
            groups.append(([letter], worker))
    for letters, worker in groups:
        name = agent if len(groups) == 1 else f"{agent} ({', '.join(letters)})"
        yield _Use(name, agent, ConfiguredAgent(config.agents[agent], worker))


def _same_way(one: WorkerConfig, other: WorkerConfig) -> bool:
    ways = [(w.env, sorted(w.pass_env), w.sandbox, w.network) for w in (one, other)]
    return ways[0] == ways[1]


def _setup(
    use: _Use, root: Path, workspaces: Path, inherited: Mapping[str, str], probed: Layer
) -> Setup | None:
    """None where the program or its options have to be mended first."""
    try:
        launch = use.launch()
    except UsageError:
        return None
    agent = use.configured
    environment = use.environment(inherited)
    argv = agent.argv or launch.argv[:1]
    if not is_there(argv[0], root, environment.get("PATH", "")):
        return None
    asked = agent.sandbox
    layer = probed if asked in ("auto", "required") else NONE
    home = home_of(inherited)
    state = (*agent.configured_folders(home), *agent.own_folders(environment))

    def confine(
        command: tuple[str, ...], folders: ProbeFolders
    ) -> tuple[tuple[str, ...], Mapping[str, str]]:
        confinement = Confinement(
            writable=(folders.folder, *state),
            hidden=secrets(home, inherited),
            readonly=(root,),
            temporary=folders.temporary,
            network=agent.worker.network == "on",
        )
        search = environment.get("PATH")
        wrapped = wrap(command, confinement, layer, cwd=folders.cwd, search=search)
        return wrapped, variables(confinement, layer, environment)

    place = Confinement(temporary=workspaces)  # a folder in there; which one is not known yet

    return Setup(
        agent=use.agent,
        argv=argv,
        launched=launch.argv,
        settings=agent.agent.options,
        environment={**environment, **variables(place, layer)},
        inherited=inherited,
        root=root,
        sandbox=asked,
        layer="" if layer.name == "none" else layer.name,
        confine=confine,
    )
