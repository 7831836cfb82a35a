"""The driver for every agent that speaks the Agent Client Protocol over its standard streams.

Owns how such a program is started and what may be set for it. All else, from the model to the
login, is the program's own business: its arguments and its environment.
"""

from __future__ import annotations

import signal

from factory_engine.agents.acp_conversation import AcpConversation
from factory_engine.agents.acp_permission import PERMISSIONS, Wishes
from factory_engine.agents.options import Options, needed_prompt
from factory_engine.agents.process_tree import KILL, TERM
from factory_engine.agents.protocol import AgentTask, Launch
from factory_engine.errors import UsageError

OPTIONS = ("max_cost", "mode", "permissions")


class AcpDriver:
    """Runs the configured program and talks to it."""

    name = "acp"

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
        _wishes(task)
        return Launch(
            argv=task.argv,
            stop_signals=(int(signal.SIGINT), TERM, KILL),
            separate_stderr=True,
        )

    def reader(self, task: AgentTask) -> AcpConversation:
        """The conversation of one execution."""
        return AcpConversation(task, _wishes(task))


def _wishes(task: AgentTask) -> Wishes:
    options = Options(task, AcpDriver.name, OPTIONS)
    return Wishes(
        mode=options.text("mode"),
        permissions=options.text("permissions", PERMISSIONS[0], PERMISSIONS),
        max_cost=options.number("max_cost"),
    )
