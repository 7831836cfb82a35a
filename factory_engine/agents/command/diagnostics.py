"""The diagnostics of any program: nothing is known of it, so that nothing of it is started."""

from __future__ import annotations

from factory_engine.agents.diagnostics import Setup
from factory_engine.agents.probe import where
from factory_engine.events import Finding


class CommandDiagnostics:
    """Only says where the program is: an unknown one could do anything when it is asked."""

    async def look(self, setup: Setup) -> list[Finding]:
        """See `Diagnostics`."""
        return [Finding("version", "ok", f"not asked, {where(setup)}")]
