"""The driver for any program: run as configured, judged by its exit code.

Owns the rules for output and end of a program about which nothing else is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from factory_engine.agents.one_line import one_line
from factory_engine.agents.protocol import (
    Activity,
    AgentTask,
    AgentVerdict,
    Launch,
    Needs,
    Reported,
    StreamReader,
)
from factory_engine.agents.worker_paths import WorkerPaths
from factory_engine.config.limits import RetryKind
from factory_engine.errors import UsageError
from factory_engine.processes.last_line import LastLine
from factory_engine.processes.program import Finished, Reason


class CommandDriver:
    """Runs the argv of the configuration."""

    name = "command"
    reports: tuple[Reported, ...] = ()

    def needs(self, argv: Sequence[str], settings: Mapping[str, object]) -> Needs:
        """Nothing: its configuration names what it has to find."""
        return Needs()

    def prepare(self, task: AgentTask) -> Launch:
        """The argv as it is; the prompt reaches the program by its environment only."""
        if not task.argv:
            raise UsageError(
                "the agent `command` has no program to run",
                where=task.worker_id,
                advice='set "command" to a list, such as ["make", "fix"]',
            )
        return Launch(argv=task.argv)

    def reader(self, task: AgentTask) -> StreamReader:
        """A reader for one execution."""
        return CommandReader(WorkerPaths.of(task))


class CommandReader:
    """Shows the last complete line; knows nothing of what the lines mean.

    Args:
        paths: the folders of the worker.
    """

    def __init__(self, paths: WorkerPaths) -> None:
        self._paths = paths
        self._lines = LastLine()

    def feed(self, chunk: bytes) -> list[Activity]:
        """At most one activity a chunk: nobody can read faster."""
        if not self._lines.feed(chunk):
            return []
        return [Activity("running", one_line(self._lines.line))]

    over = False
    last_message = ""
    session = ""  # nothing is known of what a program could go on with

    def feed_stderr(self, chunk: bytes) -> None:
        """Nothing: both streams come as one."""

    def verdict(self, finished: Finished) -> AgentVerdict:
        """Exit code 0 is good, all else is not; a program that cannot start never will."""
        if finished.reason == "exited" and finished.rc == 0:
            return AgentVerdict(True, finished.detail)
        kinds: dict[Reason, RetryKind] = {"exited": "exit", "timeout": "timeout"}
        kind = kinds.get(finished.reason)
        said = last_words(finished, self._paths) if kind else ""
        between = ": " if kind == "exit" else "; last seen "
        return AgentVerdict(False, finished.detail + (between + said if said else ""), kind)


def last_words(finished: Finished, paths: WorkerPaths) -> str:
    """The last line of a program, which often tells why it came to a bad end."""
    return paths.text(finished.log.last_line.decode("utf-8", "replace"))
