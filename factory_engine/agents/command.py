"""The driver for any program: run as configured, judged by its exit code.

Owns the rules for output and end of a program about which nothing else is known.
"""

from __future__ import annotations

import re

from factory_engine.agents.last_line import LastLine
from factory_engine.agents.program import Finished, Reason
from factory_engine.agents.protocol import (
    Activity,
    AgentTask,
    AgentVerdict,
    Launch,
    StreamReader,
    Told,
)
from factory_engine.config.limits import RetryKind
from factory_engine.errors import UsageError

_SHOWN = 200  # characters of a line

# Colours, cursor movements, window titles and links (ECMA-48, 5.4 and 5.6).
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


class CommandDriver:
    """Runs the argv of the configuration."""

    name = "command"
    tells: tuple[Told, ...] = ()

    def prepare(self, task: AgentTask) -> Launch:
        """The argv as it is; the prompt reaches the program by its environment only."""
        if not task.argv:
            raise UsageError(
                "the agent `command` has no program to run",
                where=task.worker_id,
                advice='set "command" to a list, such as ["make", "fix"]',
            )
        return Launch(argv=task.argv)

    def reader(self, task: AgentTask | None = None) -> StreamReader:
        """A reader for one execution."""
        return CommandReader()


class CommandReader:
    """Shows the last complete line; knows nothing of what the lines mean."""

    def __init__(self) -> None:
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
        ok = finished.reason == "exited" and finished.rc == 0
        kinds: dict[Reason, RetryKind] = {"exited": "exit", "timeout": "timeout"}
        return AgentVerdict(ok, finished.detail, None if ok else kinds.get(finished.reason))


def one_line(line: bytes) -> str:
    """A line of output, safe to show: no escape sequences, no control or direction characters."""
    text = _ESCAPES.sub("", line.decode("utf-8", "replace")).replace("\t", " ").strip()
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in shown)
