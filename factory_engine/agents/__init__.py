"""Every process that is not git: workers, their agents, and checks."""

from __future__ import annotations

from factory_engine.agents.acp import AcpDriver
from factory_engine.agents.claude import ClaudeDriver
from factory_engine.agents.codex import CodexDriver
from factory_engine.agents.command import CommandDriver
from factory_engine.agents.protocol import Driver
from factory_engine.errors import UsageError

_ALL: tuple[Driver, ...] = (AcpDriver(), ClaudeDriver(), CodexDriver(), CommandDriver())
_DRIVERS = {driver.name: driver for driver in _ALL}


def driver(name: str) -> Driver:
    """The driver for agents of this kind.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _DRIVERS:
        known = ", ".join(sorted(_DRIVERS))
        raise UsageError(f"no driver is called {name!r}", advice=f"choose one of: {known}")
    return _DRIVERS[name]
