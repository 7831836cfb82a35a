"""The driver for every agent that speaks the Agent Client Protocol over its standard streams.

Owns how such a program is started and what may be set for it. All else, from the model to the
login, is the program's own business: its arguments and its environment.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from factory_engine.agents.acp.conversation import AcpConversation
from factory_engine.agents.acp.permission import PERMISSIONS, AcpOptions
from factory_engine.agents.claude import driver as claude
from factory_engine.agents.codex import driver as codex
from factory_engine.agents.options import Options, needed_prompt
from factory_engine.agents.protocol import AgentTask, Launch, Needs, OwnFolders, Reported
from factory_engine.errors import UsageError
from factory_engine.processes.tree import KILL, TERM

OPTIONS = ("max_cost", "mode", "permissions")

# What a program writes outside of the checkout, by the name of the agent that it starts.
_STATE = {
    "claude": claude.STATE,
    "codex": codex.STATE,
    "gemini": OwnFolders(("~/.gemini",)),
    "opencode": OwnFolders(("~/.local/share/opencode", "~/.local/state/opencode")),
}


class AcpDriver:
    """Runs the configured program and talks to it."""

    name = "acp"
    reports: tuple[Reported, ...] = (
        "tokens",
        "cost",
    )  # many do; what one does not tell has no budget

    def needs(self, argv: Sequence[str], settings: Mapping[str, object]) -> Needs:
        """What the agents need that its program starts, as far as they are known."""
        started = [name for name in _STATE if argv and _starts(argv, name)]
        return Needs(own_sandbox="codex" in started, state=tuple(_STATE[name] for name in started))

    def prepare(self, task: AgentTask) -> Launch:
        """The program as it is configured; the prompt is said in the conversation.

        Raises:
            UsageError: no program, no prompt, or an option that does not exist.
        """
        if not task.argv:
            raise UsageError(
                "the agent has no program to run",
                where=task.worker_id,
                advice='set "argv" of the agent, such as ["gemini", "--acp"]',
            )
        needed_prompt(task, self.name)
        _options(task)
        return Launch(
            argv=task.argv,
            stop_signals=(int(signal.SIGINT), TERM, KILL),
            separate_stderr=True,
        )

    def reader(self, task: AgentTask) -> AcpConversation:
        """The conversation of one execution."""
        return AcpConversation(task, _options(task))


def _starts(argv: Sequence[str], agent: str) -> bool:
    """Whether it is the agent itself, or an adapter of it, perhaps as a script of node's."""
    adapters = {f"{agent}-acp", f"{agent}-agent-acp"}
    folders = {Path(part).stem for word in argv[:2] for part in Path(word).parts}
    return Path(argv[0]).stem == agent or not adapters.isdisjoint(folders)


def _options(task: AgentTask) -> AcpOptions:
    options = Options(task, AcpDriver.name, OPTIONS)
    return AcpOptions(
        mode=options.text("mode"),
        permissions=options.text("permissions", PERMISSIONS[0], PERMISSIONS),
        max_cost=options.number("max_cost"),
    )
