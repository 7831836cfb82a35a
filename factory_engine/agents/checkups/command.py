"""The checkup of any program: nothing is known of it, so that nothing of it is started."""

from __future__ import annotations

from factory_engine.agents.checkups.asking import where
from factory_engine.agents.checkups.setup import Remark, Setup


class CommandCheckup:
    """Only says where the program is: an unknown one could do anything when it is asked."""

    async def look(self, setup: Setup) -> list[Remark]:
        """See `Checkup`."""
        return [Remark("version", "ok", f"not asked, {where(setup)}")]
