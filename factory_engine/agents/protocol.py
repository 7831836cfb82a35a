"""What a driver is: the part that knows one kind of agent.

Owns the types between the launch stage and the drivers. A driver says how its agent is started,
reads what the agent prints, and judges how it ended; it starts nothing, waits for nothing and never
touches the workspace, so that each is tested with recorded output alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from factory_engine.agents.own_files import FileRefused, OwnFiles
from factory_engine.config.limits import RetryKind
from factory_engine.processes.program import Finished
from factory_engine.processes.tree import KILL, TERM

Result = TypeVar("Result")
Reported = Literal["tokens", "cost"]
ActivityKind = Literal["thinking", "running", "editing", "message", "tokens", "plan"]


@dataclass(frozen=True)
class AgentTask:
    """One worker's task, as its agent needs to know it.

    Args:
        worker_id, run_id, base: who, in which run, from which commit.
        workspace: the checkout that the agent works in, as it sees it.
        outbox: the folder for what it wants to hand over.
        prompt: the text of the task; None if the agent needs none.
        prompt_file: the file that holds the same text.
        argv: the program and arguments of the configuration, empty for the driver's own.
        settings: the agent's section of the configuration.
        max_cost: what the task may cost, in US dollars; None for no such limit.
        session: the agent's own session that it is to go on with; empty for a new one.
    """

    worker_id: str
    run_id: str
    base: str
    workspace: Path
    outbox: Path
    prompt: str | None = None
    prompt_file: Path | None = None
    argv: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    max_cost: float | None = None
    session: str = ""


@dataclass(frozen=True)
class OwnFolders:
    """Where an agent keeps its login, its settings and its sessions.

    Args:
        usual: folders and files, `~` for the home.
        variable: names another folder instead of them, where it is set.
    """

    usual: tuple[str, ...]
    variable: str = ""

    def found(self, environment: Mapping[str, str], home: Path) -> list[Path]:
        """Where they are for a program that finds `environment`."""
        if named := environment.get(self.variable):
            return [Path(named)]
        return [home / name.removeprefix("~/") for name in self.usual]


@dataclass(frozen=True)
class Needs:
    """What an agent has to find around it; known before there is a workspace.

    Args:
        set_env: variables that it needs.
        pass_env: names or patterns of the operator's credentials that it needs.
        own_sandbox: it confines itself, and would not work inside of another sandbox.
        state: what of its own it has to be able to write outside of the workspace.
    """

    set_env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    own_sandbox: bool = False
    state: tuple[OwnFolders, ...] = ()


@dataclass(frozen=True)
class Launch:
    """How an agent is started.

    Args:
        argv: program and arguments.
        stdin: what it reads on standard input, None for nothing.
        stop_signals: how it is stopped best; KILL comes last anyway.
        separate_stderr: its standard output is a protocol; diagnostics must not run into it.
    """

    argv: tuple[str, ...]
    stdin: bytes | None = None
    stop_signals: tuple[int, ...] = (TERM, KILL)
    separate_stderr: bool = False


@dataclass(frozen=True)
class Activity:
    """What an agent is doing, for a live display. Text of the agent, made safe to show.

    Args:
        kind: what sort of doing.
        text: one short line.
        counts: numbers that belong to it: tokens, steps of a plan.
    """

    kind: ActivityKind
    text: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AgentVerdict:
    """Whether an agent did its turn. What the turn is worth is judged from the files alone.

    Args:
        ok: it came to its proper end.
        reason: how it ended, in words.
        kind: what sort of end it was, where another try could end better.
        begun: it began its turn; only an agent that tells so can have failed to.
        retry_after_s: seconds that should pass before another try, as the agent says; 0 if it says
            nothing.
    """

    ok: bool
    reason: str
    kind: RetryKind | None = None
    begun: bool = True
    retry_after_s: float = 0.0

    @property
    def retryable(self) -> bool:
        """Whether another try could end better."""
        return self.kind is not None


class StreamReader(Protocol):
    """Reads the output of one execution of an agent."""

    def feed(self, chunk: bytes) -> list[Activity]:
        """Takes the next bytes; they may begin and end in the middle of a line."""
        ...

    def feed_stderr(self, chunk: bytes) -> None:
        """Takes the next bytes of standard error, where the launch keeps it separate."""
        ...

    @property
    def over(self) -> bool:
        """The agent has said how its turn ended: its program has nothing more to do but to exit."""
        ...

    @property
    def last_message(self) -> str:
        """The agent's last words, fit for a summary; empty if it said none."""
        ...

    @property
    def session(self) -> str:
        """What the agent calls its session, if it could go on with it; empty until it says."""
        ...

    def verdict(self, finished: Finished) -> AgentVerdict:
        """The verdict, once the program has ended and all its output was fed."""
        ...


@dataclass(frozen=True)
class Errand(Generic[Result]):
    """Something to be done with a worker's files for its agent.

    Args:
        do: does it, in a thread.
        answer: takes what came of it, in the event loop.
    """

    do: Callable[[OwnFiles], Result]
    answer: Callable[[Result | FileRefused], None]


@runtime_checkable
class Conversation(StreamReader, Protocol):
    """A reader that also answers: for agents that speak a protocol both ways (ACP's JSON-RPC).

    It does no I/O of its own: `feed` takes in what the agent said, `answer` gives out what is to be
    said to it. `run_program` takes the method as its `talker`, so deadline, log and ending of the
    tree are the same as for every other agent.
    """

    def answer(self) -> bytes | None:
        """What to write to the agent now, perhaps nothing; None when the conversation is over.

        Asked once at the start, after each `feed`, and after each errand.
        """
        ...

    def errands(self) -> list[Errand[Any]]:
        """What is to be done with the worker's files on the agent's behalf, since the last call.

        Asked after each `feed`; each is done in its turn, by `FileService`.
        """
        ...


class Driver(Protocol):
    """One kind of agent. Holds no state: the reader holds that of one execution."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        ...

    @property
    def reports(self) -> tuple[Reported, ...]:
        """What its stream reports of its use: only that can have a budget."""
        ...

    def needs(self, argv: Sequence[str], settings: Mapping[str, object]) -> Needs:
        """What it needs around it, by what is configured; refuses nothing.

        Args:
            argv: the program and arguments of the configuration, empty for the driver's own.
            settings: the agent's section of the configuration.
        """
        ...

    def prepare(self, task: AgentTask) -> Launch:
        """How to start it for `task`, once for each execution.

        Raises:
            UsageError: the configuration does not say enough.
        """
        ...

    def reader(self, task: AgentTask) -> StreamReader:
        """A new reader, or `Conversation`, for one execution of `task`."""
        ...
