"""What an agent that asks is allowed.

Owns the decision and the choice among the answers that the agent offers. Their ids differ from
agent to agent, their kinds do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from factory_engine.agents.acp.updates import touched
from factory_engine.agents.json_lines import Event, member, text
from factory_engine.agents.own_files import OwnFiles

PERMISSIONS = ("workspace", "all", "none")

# Once is preferred to always: each path is to be looked at.
_KINDS = {True: ("allow_once", "allow_always"), False: ("reject_once", "reject_always")}
_HARMLESS = frozenset({"read", "search", "think", "fetch"})


@dataclass(frozen=True)
class AcpOptions:
    """What is asked of an agent beside the prompt.

    Args:
        mode: the id of the session mode; empty for the agent's own choice.
        permissions: `workspace` allows what names no path outside the worker's folders, `all`
            everything, `none` only to look.
        max_cost: the turn is broken off when it has cost more, as far as the agent tells.
    """

    mode: str = ""
    permissions: str = PERMISSIONS[0]
    max_cost: float | None = None


def within(options: AcpOptions, files: OwnFiles, call: Event) -> bool:
    """Whether a tool call may go on. Looks at the worker's files: not for the event loop."""
    if options.permissions == "all" or text(call, "kind") in _HARMLESS:
        return True
    paths = [*touched(call), *filter(None, [text(call, "rawInput", "file_path")])]
    return options.permissions == "workspace" and all(files.hold(path) for path in paths)


def outcome(offered: Sequence[Event], *, allow: bool) -> dict[str, str]:
    """The answer; `cancelled` where no fitting one is offered, so that silence is never consent."""
    for kind in _KINDS[allow]:
        for option in offered:
            number = member(option, "optionId")
            if text(option, "kind") == kind and isinstance(number, str):
                return {"outcome": "selected", "optionId": number}
    return {"outcome": "cancelled"}
