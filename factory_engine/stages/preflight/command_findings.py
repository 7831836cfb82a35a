"""Whether the commands of workers and checks can start, before anybody is paid.

Owns the words about programs and their arguments. Starts nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from factory_engine.config.models import Config
from factory_engine.config.tasks import CheckConfig, WorkerConfig
from factory_engine.escape import printable
from factory_engine.events import Finding
from factory_engine.processes.environment import worker_environment
from factory_engine.stages.preflight.lookup import Answer, Asked, Lookup

_FOR_A_SHELL = frozenset((">", ">>", "<", "<<", "|", "||", "&&", "2>", "2>&1", "&>", ">&2"))
# They know these words themselves.
_TAKE_THEM = frozenset(("[", "expr", "test"))


@dataclass(frozen=True)
class Command:
    """A command of the configuration.

    Args:
        name: what findings call it.
        setting: where it stands in the configuration.
        argv: program and arguments.
        search: the PATH that it finds.
        may_be_made: a program below the top may be made by a worker before this is started.
        optional: nothing stands in the way if it cannot start.
    """

    name: str
    setting: str
    argv: Sequence[str]
    search: str
    may_be_made: bool = False
    optional: bool = False

    @property
    def of_worker(self) -> bool:
        """Whether it finds what workers find, and not what Z does."""
        return not self.setting.startswith("integrator")

    @property
    def asked(self) -> Asked:
        """Its program, as it is looked for."""
        return Asked(self.argv[0], self.search)


def commands_of(
    config: Config, working: Mapping[str, WorkerConfig], inherited: Mapping[str, str]
) -> list[Command]:
    """Every command that the factory itself would start, in a fixed order.

    Args:
        config: where the integrator's checks are.
        working: the workers that take part, by id.
        inherited: the environment of the factory.
    """
    commands = []
    for step in config.workspace.prepare:
        name = f"prepare {printable(step.name, 60)} program"
        commands.append(Command(name, "workspace.prepare", step.run, _path(inherited, step.env)))
    for worker_id, worker in working.items():
        agent = config.agents[worker.agent]
        search = _path(inherited, {**agent.env, **worker.env})
        setting = f"workers.{worker_id}"
        if worker.command:
            name, where = f"{worker_id} program", f"{setting}.command"
            commands.append(Command(name, where, worker.command, search))
        for check in worker.checks:
            search = _path(inherited, {**worker.env, **check.env})
            name = f"{worker_id} check {printable(check.name, 60)} program"
            commands.append(_of_check(check, name, setting, search, made=True))
    integrator = config.integrator
    for check in integrator.checks:
        search = _path(inherited, {**integrator.env, **check.env})
        made = integrator.baseline != "on"  # on base no worker has made anything yet
        name = f"check {printable(check.name, 60)} program"
        commands.append(_of_check(check, name, "integrator", search, made=made))
    return commands


def _of_check(check: CheckConfig, name: str, setting: str, search: str, *, made: bool) -> Command:
    optional = not check.required
    return Command(name, f"{setting}.checks", check.run, search, made or optional, optional)


def _path(inherited: Mapping[str, str], own: Mapping[str, str]) -> str:
    found = worker_environment(inherited, pass_env=(), set_env=own, factory={})
    return found.get("PATH", os.defpath)


def command_findings(command: Command, lookup: Lookup) -> Iterator[Finding]:
    """Whether its program is found, and its arguments mean what they say."""
    yield _program(command, lookup.answer(command.asked))
    if problem := _shell_words(command):
        yield problem


def _program(command: Command, answer: Answer) -> Finding:
    program = printable(command.argv[0])
    if answer == "there":
        return Finding(command.name, "ok", program)
    made = command.may_be_made and answer == "missing" and "/" in command.argv[0]
    level: Literal["warn", "block"] = "warn" if command.optional or made else "block"
    if answer == "only yours":
        message = f"{program} is in your work tree only: neither in base nor carried"
        advice = "commit it, carry it (workspace.carry), or make it by a step of workspace.prepare"
    elif answer == "not executable":
        message = f"{program} cannot be executed"
        advice = "commit it with `git update-index --chmod=+x`, or name its interpreter first"
    elif len(command.argv[0].split()) > 1:
        message = f"there is no program called '{program}'"
        split = ", ".join(f'"{printable(word, 40)}"' for word in command.argv[0].split())
        advice = f"write its words one by one in {command.setting}: [{split}]"
    elif made:
        message = f"{program} was not found in base; a worker has to make it"
        advice = f"else correct {command.setting}"
    else:
        where = "in base" if "/" in program or "\\" in program else "on the PATH"
        message, advice = f"{program} was not found {where}", f"correct {command.setting}"
    return Finding(command.name, level, message, advice)


def _shell_words(command: Command) -> Finding | None:
    """A lone `>` or `&&` would be an argument like any other: no shell reads it."""
    program, *arguments = command.argv
    signs = [word for word in arguments if word in _FOR_A_SHELL]
    if not signs or os.path.basename(program) in _TAKE_THEM:
        return None
    line = printable(" ".join(command.argv).replace('"', '\\"'), 120)
    return Finding(
        command.name,
        "block",
        f"'{signs[0]}' is given to {printable(os.path.basename(program))} as an argument, since no"
        " shell reads it",
        f'correct {command.setting}: ["sh", "-c", "{line}"]',
    )
