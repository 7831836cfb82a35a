"""An agent's own settings, as its driver understands them.

Owns the checking of types and names. Which settings there are is each driver's business.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from factory_engine.agents.protocol import AgentTask
from factory_engine.errors import UsageError


class Options:
    """The settings of one agent.

    Args:
        task: whose settings they are.
        agent: the driver's name.
        known: what may be set.

    Raises:
        UsageError: something else is set.
    """

    def __init__(self, task: AgentTask, agent: str, known: Sequence[str]) -> None:
        self._settings = task.settings
        self._where = f"{task.worker_id}, agent {agent}"
        for name in self._settings:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                advice = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known)}"
                raise UsageError(f"unknown option {name!r}", where=self._where, advice=advice)

    def text(self, name: str, default: str = "", choices: Sequence[str] = ()) -> str:
        """A text, one of `choices` if there are any. Raises UsageError for anything else."""
        value = self._settings.get(name, default)
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._wrong(name, f"one of {', '.join(choices)}" if choices else "a text")
        return value

    def texts(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of texts. Raises UsageError for anything else."""
        value = self._settings.get(name, default)
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise self._wrong(name, "a list of texts")
        return tuple(value)

    def flag(self, name: str) -> bool:
        """True or false, false by default. Raises UsageError for anything else."""
        value = self._settings.get(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def number(self, name: str) -> float | None:
        """A number above 0, None by default. Raises UsageError for anything else."""
        value = self._settings.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise self._wrong(name, "a number above 0")
        return value

    def _wrong(self, name: str, expected: str) -> UsageError:
        value = self._settings.get(name)
        return UsageError(
            f"option {name!r} is {value!r}", where=self._where, advice=f"set {expected}"
        )


def needed_prompt(task: AgentTask, agent: str) -> str:
    """The prompt of the task. Raises UsageError if there is none."""
    if not (task.prompt and task.prompt.strip()):
        raise UsageError(
            f"the agent `{agent}` has no prompt",
            where=task.worker_id,
            advice='set "prompt" or "prompt_file"',
        )
    return task.prompt


def says(argv: Sequence[str], *flags: str) -> bool:
    """True if `argv` already has one of `flags`, alone or as `--flag=value`."""
    return any(word == flag or word.startswith(f"{flag}=") for word in argv for flag in flags)
