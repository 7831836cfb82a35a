"""The to-do list that Claude Code keeps with its tools, told by their calls and results.

Owns the list. Knows both ways in which it is kept: whole (`TodoWrite`) and task by task.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from factory_engine.agents.json_lines import Event, member, objects, text

TOOLS = frozenset({"TaskCreate", "TaskUpdate", "TodoWrite"})

_DONE = "completed"


@dataclass
class ClaudePlan:
    """The steps by id, each with its words and its status."""

    _steps: dict[str, tuple[str, str]] = field(default_factory=dict)

    def called(self, tool: str, arguments: object) -> bool:
        """Takes a call of one of `TOOLS`. Returns True if the plan has changed."""
        before = dict(self._steps)
        if tool == "TodoWrite":
            todos = enumerate(objects(arguments, "todos"))
            self._steps = {str(n): (text(t, "content"), text(t, "status")) for n, t in todos}
        elif tool == "TaskUpdate":
            self._update(text(arguments, "taskId"), text(arguments, "status"))
        return self._steps != before

    def created(self, event: Event) -> bool:
        """Takes a result. Returns True if it is that of a `TaskCreate`, which names the id."""
        task = member(event, "tool_use_result", "task")
        number, subject = text(task, "id"), text(task, "subject")
        if not number or number in self._steps:
            return False
        self._steps[number] = (subject, "")
        return True

    def standing(self) -> tuple[int, int, str]:
        """How many steps are done, of how many, and the words of the next one."""
        left = [words for words, status in self._steps.values() if status != _DONE]
        now = [words for words, status in self._steps.values() if status == "in_progress"]
        return len(self._steps) - len(left), len(self._steps), (now or left or [""])[0]

    def _update(self, number: str, status: str) -> None:
        if status == "deleted":
            self._steps.pop(number, None)
        elif number in self._steps and status:
            self._steps[number] = (self._steps[number][0], status)
