"""The effective configuration as one frozen value.

Owns the sections, their defaults and limits, and what must hold between two settings. Never reads
a layer and never looks at the disk.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from factory_engine.config.fields import (
    AgentName,
    Location,
    Name,
    Patterns,
    RunKind,
    Seconds,
    Settings,
    VariableNames,
    Variables,
    WorkerId,
    contradiction,
)
from factory_engine.config.limits import RetryConfig, WorkLimits, first_set
from factory_engine.config.paths import RUNS_DIR, is_fixed, not_fixed
from factory_engine.config.tasks import (
    AgentConfig,
    Checks,
    PrepareSteps,
    SandboxSetting,
    WorkerConfig,
)
from factory_engine.config.wording import near_name, shown

KNOWN_FLAGS: tuple[str, ...] = ()
"""What is not finished or not safe for everyone; a flag is off until somebody sets it."""

DEFAULT_WORKERS = ("A_worker", "B_worker", "C_worker", "D_worker")

# What decides for others: credentials, what a runner or an agent obeys, who has to review, and the
# factory's own configuration.
PROTECTED = (
    *(".env", ".env.*", ".github/workflows/**", ".github/actions/**", "CODEOWNERS"),
    *(".mcp.json", ".claude/settings*.json", "tools/codex/factory/**"),
)

LogBytes = Annotated[int, Field(ge=0, le=1_000_000_000)]


class RunConfig(Settings):
    """How a run is driven; times in seconds, sizes in bytes."""

    kind: RunKind = "oneshot"
    base_ref: Annotated[str, Field(min_length=1, max_length=1000)] = "HEAD"
    max_parallel: Annotated[int, Field(ge=1, le=25)] = 4
    worker_timeout_s: Seconds = 3600.0
    check_timeout_s: Seconds = 600.0
    collect_timeout_s: Seconds = 300.0
    grace_s: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)] = 10.0
    stalled_after_s: Seconds = 120.0
    retry: RetryConfig = Field(default_factory=RetryConfig)
    max_disk_bytes: Annotated[int, Field(ge=1, le=10**14)] = 20_000_000_000
    max_processes: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    log_head_bytes: LogBytes = 5_000_000
    log_tail_bytes: LogBytes = 1_000_000
    keep_workspaces: Literal["failed", "always", "never"] = "failed"


class PathsConfig(Settings):
    """Where things lie; `locations` turns these texts into paths."""

    runs_dir: Annotated[Location, Field(min_length=1)] = RUNS_DIR
    workspaces_dir: Location = ""
    signing_key: Location = ""

    @field_validator("workspaces_dir", "signing_key")
    @classmethod
    def _lies_outside(cls, text: str) -> str:
        # Relative to the repository it would lie inside, where agents are known to stray.
        if text and not is_fixed(text):
            raise contradiction(not_fixed(text))
        return text


Carry = Literal["auto"] | Patterns


class WorkspaceConfig(Settings):
    """What lies in a checkout beside base.

    `carry` names ignored paths of the operator's work tree: `auto` is dependency folders that are
    there, a list is patterns with gitignore semantics, an empty one nothing. `prepare` are steps
    that fill folders, in this order; what they make is kept for all who need the same.
    `history` full shows the commits before base, and the tags, to all git in a checkout.
    """

    carry: Carry = "auto"
    prepare: PrepareSteps = Field(default_factory=list)
    history: Literal["full", "none"] = "full"

    @property
    def outputs(self) -> tuple[str, ...]:
        """The folders that the steps make."""
        return tuple(output for step in self.prepare for output in step.outputs)


class IntegratorConfig(Settings):
    """What Z runs on the merged tree.

    `isolation` says what a required check is worth that can reach the operator's own tree: nothing,
    or as much as any other, with a warning. `carry` None takes that of the workspace section.
    `baseline` says what a required check is worth that is red on base already: `on` ends the run
    before more is spent, `known-red` judges by what changed against base, `off` does not ask.
    """

    checks: Checks = Field(default_factory=list)
    sandbox: SandboxSetting = "auto"
    state: Annotated[list[Location], Field(max_length=100)] = Field(default_factory=list)
    isolation: Literal["block", "warn"] = "block"
    baseline: Literal["on", "off", "known-red"] = "on"
    carry: Carry | None = None
    env: Variables = Field(default_factory=dict)
    pass_env: VariableNames = Field(default_factory=list)


class CacheConfig(Settings):
    """What is kept for later runs; sizes in bytes. What is in use stays, however much it is."""

    max_bytes: Annotated[int, Field(ge=0, le=10**15)] = 20_000_000_000


class PolicyConfig(Settings):
    """What no worker may do, whatever its scope says; `.git` needs no pattern."""

    protected: Patterns = Field(default_factory=lambda: list(PROTECTED))
    secrets: Literal["block", "warn", "off"] = "block"
    symlinks: Literal["block", "allow"] = "block"
    submodules: Literal["block", "allow"] = "block"
    binary: Literal["allow", "block"] = "allow"
    max_file_bytes: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 10_000_000
    max_files: Annotated[int, Field(ge=0, le=10_000_000)] = 10_000


def _with_default_workers(workers: dict[str, WorkerConfig]) -> dict[str, WorkerConfig]:
    ids = sorted({*DEFAULT_WORKERS, *workers})
    return {worker_id: workers.get(worker_id, WorkerConfig()) for worker_id in ids}


def _with_default_agents(agents: dict[str, AgentConfig]) -> dict[str, AgentConfig]:
    """The agents that need no program named; any other comes with its `argv`."""
    return {name: AgentConfig(protocol=name) for name in DEFAULT_AGENTS} | agents


def _all_known(flags: dict[str, bool]) -> dict[str, bool]:
    if unknown := sorted(flags.keys() - set(KNOWN_FLAGS)):
        name = unknown[0]
        raise contradiction(f"there is no flag {shown(name)}; {near_name(name, KNOWN_FLAGS)}")
    return {name: flags.get(name, False) for name in KNOWN_FLAGS}


DEFAULT_AGENTS = ("claude", "codex", "command")
Workers = Annotated[dict[WorkerId, WorkerConfig], AfterValidator(_with_default_workers)]
Agents = Annotated[
    dict[AgentName, AgentConfig], Field(max_length=100), AfterValidator(_with_default_agents)
]
Flags = Annotated[dict[Name, bool], AfterValidator(_all_known)]


class Config(Settings):
    """Everything that can be set; `workers` always has A to D, sorted by id."""

    run: RunConfig = Field(default_factory=RunConfig)
    paths: PathsConfig = Field(default_factory=PathsConfig)
    workers: Workers = Field(default_factory=lambda: _with_default_workers({}))
    agents: Agents = Field(default_factory=lambda: _with_default_agents({}))
    integrator: IntegratorConfig = Field(default_factory=IntegratorConfig)
    workspace: WorkspaceConfig = Field(default_factory=WorkspaceConfig)
    cache: CacheConfig = Field(default_factory=CacheConfig)
    policy: PolicyConfig = Field(default_factory=PolicyConfig)
    feature_flags: Flags = Field(default_factory=lambda: _all_known({}))
    keymap: Annotated[dict[Name, Name], Field(max_length=1000)] = Field(default_factory=dict)

    def limits_of(self, worker_id: str) -> WorkLimits:
        """What bounds a worker: its own limits, else its agent's, else the run's."""
        worker = self.workers[worker_id]
        run = WorkLimits(
            timeout_s=self.run.worker_timeout_s, stalled_after_s=self.run.stalled_after_s
        )
        return first_set(worker, self.agents[worker.agent], run)

    @model_validator(mode="after")
    def _each_worker_can_start(self) -> Self:
        for worker_id, worker in self.workers.items():
            place = ("workers", worker_id)
            agent = self.agents.get(worker.agent)
            if agent is None:
                message = f"there is no agent {shown(worker.agent)}; "
                message += near_name(worker.agent, self.agents)
                raise contradiction(message, (*place, "agent"))
            if worker.command and not agent.takes_command:
                message = f"agent {shown(worker.agent)} brings its own program; give it a prompt"
                raise contradiction(message, (*place, "command"), (*place, "agent"))
            if agent.takes_command and worker.has_task and not worker.command:
                message = f"agent {shown(worker.agent)} needs it to know what to run"
                names = ("command", "agent", "prompt", "prompt_file")
                raise contradiction(message, *((*place, name) for name in names))
        return self
