"""A reader for agents that print one JSON object a line and take no answers.

Owns nothing but the way from bytes to events; what an event means is each driver's.
"""

from __future__ import annotations

from collections.abc import Callable

from factory_engine.agents.json_lines import Event, JsonLines
from factory_engine.agents.protocol import Activity, AgentVerdict
from factory_engine.agents.turn import Turn
from factory_engine.processes.program import Finished


class EventReader:
    """Feeds events to `on_event`, which tells `turn` what they mean.

    Args:
        turn: the turn that is read.
        on_event: takes an event, returns what is to be shown.
    """

    def __init__(self, turn: Turn, on_event: Callable[[Event], list[Activity]]) -> None:
        self._turn = turn
        self._on_event = on_event
        self._lines = JsonLines()

    @property
    def over(self) -> bool:
        """The turn has ended, well or not: nothing more is to come but the program's exit."""
        return self._turn.over

    @property
    def last_message(self) -> str:
        """The agent's last words, fit for a summary; empty if it said none."""
        return self._turn.last_message

    @property
    def session(self) -> str:
        """What the agent calls its session; empty until it says."""
        return self._turn.session

    def feed(self, chunk: bytes) -> list[Activity]:
        """Takes the next bytes of standard output."""
        return [shown for event in self._lines.feed(chunk) for shown in self._on_event(event)]

    def feed_stderr(self, chunk: bytes) -> None:
        """Takes the next bytes of standard error: the only words of a program that cannot start."""
        self._turn.complain(chunk)

    def verdict(self, finished: Finished) -> AgentVerdict:
        """Whether the turn came to its proper end."""
        return self._turn.verdict(finished)
