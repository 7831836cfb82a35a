"""Whether programs get the variables that they are meant to get.

Owns which names are worth a word. Looks at names only, never says a value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from factory_engine.config.models import Config
from factory_engine.config.tasks import WorkerConfig
from factory_engine.events import INTEGRATOR, Finding
from factory_engine.processes.environment import can_be_handed_on, worker_environment

KEYS: Mapping[str, tuple[str, ...]] = {
    "aider": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"),
    "amp": ("AMP_API_KEY",),
    "claude": ("ANTHROPIC_API_KEY",),
    "codex": ("OPENAI_API_KEY",),
    "copilot": ("GH_TOKEN", "GITHUB_TOKEN"),
    "cursor-agent": ("CURSOR_API_KEY",),
    "droid": ("FACTORY_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "goose": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"),
    "opencode": ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"),
    "qwen": ("DASHSCOPE_API_KEY", "OPENAI_API_KEY"),
}
"""Where programs that are known as agents look for their login, as their own manuals say."""

_WILD = frozenset("*?[")


def variable_findings(
    config: Config, working: Mapping[str, WorkerConfig], inherited: Mapping[str, str]
) -> Iterator[Finding]:
    """What `pass_env` names in vain, and the keys of agents that are not handed on.

    Args:
        config: where the agents and the integrator are.
        working: the workers that take part, by id.
        inherited: the environment of the factory.
    """
    for setting, names in _passed(config, working):
        yield from _in_vain(setting, names, inherited)
    for worker_id, worker in working.items():
        yield from _withheld_keys(config, worker_id, worker, inherited)


def _passed(
    config: Config, working: Mapping[str, WorkerConfig]
) -> Iterator[tuple[str, Sequence[str]]]:
    for agent in sorted({worker.agent for worker in working.values()}):
        yield f"agents.{agent}", config.agents[agent].pass_env
    for worker_id, worker in working.items():
        yield f"workers.{worker_id}", worker.pass_env
        for check in worker.checks:
            yield f"check {check.name} of {worker_id}", check.pass_env
    yield "integrator", config.integrator.pass_env
    for check in config.integrator.checks:
        yield f"check {check.name} of {INTEGRATOR}", check.pass_env


def _in_vain(setting: str, names: Sequence[str], inherited: Mapping[str, str]) -> Iterator[Finding]:
    plain = [name for name in names if not _WILD & set(name)]
    refused = [name for name in plain if not can_be_handed_on(name)]
    unset = [name for name in plain if name not in inherited and name not in refused]
    if refused:
        message = f"pass_env names {', '.join(refused)}, which is never handed on: it is about your"
        message += " own repository or about the factory itself"
        yield Finding(f"{setting} variables", "warn", message, "set it by `env` if it is needed")
    if unset:
        message = f"pass_env names {', '.join(unset)}, which is not set"
        yield Finding(f"{setting} variables", "warn", message, "set it before the run starts")


def _withheld_keys(
    config: Config, worker_id: str, worker: WorkerConfig, inherited: Mapping[str, str]
) -> Iterator[Finding]:
    agent = config.agents[worker.agent]
    argv = worker.command or agent.argv
    if agent.protocol not in ("acp", "command") or not argv:
        return  # the other drivers hand on what their agents need
    given = worker_environment(
        inherited,
        pass_env=[*agent.pass_env, *worker.pass_env],
        set_env={**agent.env, **worker.env},
        factory={},
    )
    needed = KEYS.get(os.path.basename(argv[0]), ())
    held = [name for name in needed if inherited.get(name) and name not in given]
    if held and not any(given.get(name) for name in needed):
        message = (
            f"{os.path.basename(argv[0])} looks for its login in {' or '.join(held)}, which is"
        )
        message += " set and withheld"
        yield Finding(
            f"{worker_id} login", "warn", message, f"name it in workers.{worker_id}.pass_env"
        )
