"""An agent with the settings of a worker that has it.

Owns what the launch and the checking beforehand have in common, so that doctor and preflight look
at what a worker is going to have. Starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from factory_engine.agents import driver
from factory_engine.agents.protocol import Driver, Needs
from factory_engine.config.tasks import AgentConfig, WorkerConfig
from factory_engine.processes.environment import worker_environment
from factory_engine.sandbox import Sandbox
from factory_engine.stages.sandboxed import home_of, state_folders


@dataclass(frozen=True)
class ConfiguredAgent:
    """An agent as a worker has it.

    Args:
        agent: the settings of the agent.
        worker: those of the worker.
    """

    agent: AgentConfig
    worker: WorkerConfig

    @property
    def driver(self) -> Driver:
        """What starts it and understands what it says."""
        return driver(self.agent.protocol)

    @property
    def argv(self) -> tuple[str, ...]:
        """Its program and arguments as they are configured; empty for the driver's own."""
        return tuple(self.worker.command or self.agent.argv)

    @cached_property
    def needs(self) -> Needs:
        """What it has to find around it."""
        return self.driver.needs(self.argv, self.agent.options)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox for it: `auto` leaves one that brings its own to that."""
        asked: Sandbox = self.worker.sandbox
        return "self" if asked == "auto" and self.needs.own_sandbox else asked

    def environment(
        self, inherited: Mapping[str, str], factory: Mapping[str, str]
    ) -> dict[str, str]:
        """What its program finds: of what is inherited what may be, and the `factory`'s own."""
        return worker_environment(
            inherited,
            pass_env=[*self.agent.pass_env, *self.worker.pass_env, *self.needs.pass_env],
            set_env={**self.needs.set_env, **self.agent.env, **self.worker.env},
            factory=factory,
        )

    def own_folders(self, environment: Mapping[str, str]) -> list[Path]:
        """Where it keeps its login and its sessions, if its program finds `environment`."""
        home = home_of(environment)
        return [path for one in self.needs.state for path in one.found(environment, home)]

    def configured_folders(self, home: Path) -> list[Path]:
        """What else it may write by its configuration; `home` is the operator's."""
        return state_folders(self.agent.state, home)
