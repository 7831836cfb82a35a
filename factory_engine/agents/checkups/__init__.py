"""What can be known about an agent before it works: one checkup for each kind of driver."""

from __future__ import annotations

from factory_engine.agents.checkups.acp import AcpCheckup
from factory_engine.agents.checkups.claude import ClaudeCheckup
from factory_engine.agents.checkups.codex import CodexCheckup
from factory_engine.agents.checkups.command import CommandCheckup
from factory_engine.agents.checkups.setup import Checkup

_CHECKUPS: dict[str, Checkup] = {
    "acp": AcpCheckup(),
    "claude": ClaudeCheckup(),
    "codex": CodexCheckup(),
    "command": CommandCheckup(),
}


def checkup(protocol: str) -> Checkup:
    """The checkup for agents that are spoken to by the driver of this name."""
    return _CHECKUPS[protocol]
