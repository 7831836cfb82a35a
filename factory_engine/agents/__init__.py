"""The agents: how each kind is started, understood and ended.

Owns the one table of kinds. Starts nothing itself: processes are in `processes`.
"""

from __future__ import annotations

from typing import NamedTuple

from factory_engine.agents.acp.diagnostics import AcpDiagnostics
from factory_engine.agents.acp.driver import AcpDriver
from factory_engine.agents.claude.diagnostics import ClaudeDiagnostics
from factory_engine.agents.claude.driver import ClaudeDriver
from factory_engine.agents.codex.diagnostics import CodexDiagnostics
from factory_engine.agents.codex.driver import CodexDriver
from factory_engine.agents.command.diagnostics import CommandDiagnostics
from factory_engine.agents.command.driver import CommandDriver
from factory_engine.agents.diagnostics import Diagnostics
from factory_engine.agents.protocol import Driver
from factory_engine.errors import UsageError


class AgentKind(NamedTuple):
    """One kind of agent.

    Args:
        driver: starts it and understands what it says.
        diagnostics: what can be known about it before it has a task.
    """

    driver: Driver
    diagnostics: Diagnostics


AGENT_KINDS: dict[str, AgentKind] = {
    kind.driver.name: kind
    for kind in (
        AgentKind(AcpDriver(), AcpDiagnostics()),
        AgentKind(ClaudeDriver(), ClaudeDiagnostics()),
        AgentKind(CodexDriver(), CodexDiagnostics()),
        AgentKind(CommandDriver(), CommandDiagnostics()),
    )
}


def agent_kind(name: str) -> AgentKind:
    """The kind of agent that has this name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in AGENT_KINDS:
        known = ", ".join(sorted(AGENT_KINDS))
        raise UsageError(f"no driver is called {name!r}", advice=f"choose one of: {known}")
    return AGENT_KINDS[name]


def driver(name: str) -> Driver:
    """The driver of the kind of agent that has this name. Raises UsageError as `agent_kind`."""
    return agent_kind(name).driver
