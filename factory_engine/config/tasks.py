"""What a worker is to do and with which agent, and the checks that follow.

Owns the settings below `workers`, `agents` and each list of checks. Never looks at a file that a
setting names.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from factory_engine.config.fields import (
    AgentName,
    Argv,
    Location,
    Name,
    Patterns,
    Prompt,
    Seconds,
    Settings,
    Title,
    VariableNames,
    Variables,
    contradiction,
)
from factory_engine.config.limits import WorkLimits


def _first_is_a_program(argv: list[str]) -> list[str]:
    if argv and not argv[0].strip():
        raise contradiction("expected the name of a program as the first entry")
    return argv


Program = Annotated[Argv, AfterValidator(_first_is_a_program)]


_Named = TypeVar("_Named", "CheckConfig", "PrepareStep")

SandboxSetting = Literal["auto", "required", "off", "self"]
Network = Literal["on", "off"]


class CheckConfig(Settings):
    """A named command whose exit code counts; `timeout_s` None takes `run.check_timeout_s`.

    `network` None is off for a required check, on for another; a sandbox enforces it. `env` are
    variables for it alone, `pass_env` names some of the factory's own that it gets to see.
    """

    name: Name
    run: Annotated[Program, Field(min_length=1)]
    required: bool = True
    timeout_s: Seconds | None = None
    network: Network | None = None
    env: Variables = Field(default_factory=dict)
    pass_env: VariableNames = Field(default_factory=list)

    @property
    def reaches_network(self) -> bool:
        """Whether the network is on for it."""
        return (self.network or ("off" if self.required else "on")) == "on"


def _names_differ(checks: list[_Named]) -> list[_Named]:
    seen: set[str] = set()
    for check in checks:
        if check.name in seen:
            what = "checks" if isinstance(check, CheckConfig) else "steps"
            raise contradiction(f"two {what} are called {check.name!r}; give each its own name")
        seen.add(check.name)
    return checks


Checks = Annotated[list[CheckConfig], Field(max_length=200), AfterValidator(_names_differ)]


def _is_below_the_top(path: str) -> str:
    parts = path.rstrip("/").split("/")
    if path.startswith("/") or "\\" in path or set(parts) & {"", ".", "..", ".git"}:
        raise contradiction("expected a folder of the repository, such as node_modules")
    return "/".join(parts)


Output = Annotated[Location, Field(min_length=1), AfterValidator(_is_below_the_top)]


class PrepareStep(Settings):
    """A step that fills folders of a checkout, such as those of dependencies; run once a key.

    `inputs` are files of the tree, as patterns with gitignore semantics, whose contents the
    `outputs` are made of; `version` is a command whose first line of output is part of the key.
    `timeout_s` None takes `run.worker_timeout_s`. `pass_env` names variables of the factory's own
    that the step gets to see; their values are no part of the key.
    """

    name: Name
    run: Annotated[Program, Field(min_length=1)]
    inputs: Annotated[Patterns, Field(min_length=1)]
    outputs: Annotated[list[Output], Field(min_length=1, max_length=1000)]
    version: Program = Field(default_factory=list)
    network: Network = "on"
    timeout_s: Seconds | None = None
    env: Variables = Field(default_factory=dict)
    pass_env: VariableNames = Field(default_factory=list)


PrepareSteps = Annotated[list[PrepareStep], Field(max_length=100), AfterValidator(_names_differ)]


class ScopeConfig(Settings):
    """The scope lock: gitignore patterns relative to the top; an empty `allow` allows nothing."""

    allow: Patterns = Field(default_factory=list)
    block: Patterns = Field(default_factory=list)
    shared: Patterns = Field(default_factory=list)


class AgentConfig(WorkLimits):
    """A program that does tasks.

    `protocol` says how it is spoken to; which protocols exist is known to the agents package.
    `pass_env` names variables of the factory's own environment that the agent gets to see;
    `options` are the driver's own settings, listed on the page of each agent. Its limits are those
    of every worker that it does the task of and that sets none of its own.
    """

    protocol: AgentName = "command"
    argv: Program = Field(default_factory=list)
    pass_env: VariableNames = Field(default_factory=list)
    env: Variables = Field(default_factory=dict)
    state: Annotated[list[Location], Field(max_length=100)] = Field(default_factory=list)
    options: dict[Name, str | int | float | bool | list[str]] = Field(default_factory=dict)

    @property
    def takes_command(self) -> bool:
        """Whether what to run is left to each worker."""
        return self.protocol == "command" and not self.argv


class WorkerConfig(WorkLimits):
    """One worker; a limit that is None is its agent's, else the run's.

    `allow_empty` says whether it may end well without having changed a file; None means that only a
    plain command may: an agent that was asked for work and left none has not done it.
    """

    title: Title = ""
    agent: AgentName = "command"
    command: Program = Field(default_factory=list)
    prompt: Prompt = ""
    prompt_file: Location = ""
    scope: ScopeConfig = Field(default_factory=ScopeConfig)
    checks: Checks = Field(default_factory=list)
    allow_empty: bool | None = None
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    env: Variables = Field(default_factory=dict)
    pass_env: VariableNames = Field(default_factory=list)
    sandbox: SandboxSetting = "auto"
    network: Network = "on"

    @property
    def has_task(self) -> bool:
        """Whether there is anything to do; a worker without a task has an empty bundle."""
        return bool(self.command or self.prompt or self.prompt_file)

    @model_validator(mode="after")
    def _has_one_prompt(self) -> Self:
        if self.prompt and self.prompt_file:
            message = "is set together with prompt; keep one of them"
            raise contradiction(message, ("prompt_file",), ("prompt",))
        return self
