"""A run that is only looked at, in a copied folder, cannot be touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from factory_engine.run_lock import hold
from tests.console import builders
from tests.console.builders import SteppingClock
from tests.console.looking import console, shown, until_shown

SLEEPING = [sys.executable, "-c", "import time; time.sleep(60)"]


async def test_a_worker_of_a_run_elsewhere_cannot_be_ended(
    tmp_path: Path, clock: SteppingClock
) -> None:
    run = builders.write_run(tmp_path, builders.underway())
    mark = {"FACTORY_RUN_ID": builders.RUN_ID, "FACTORY_WORKER_ID": "B_worker"}
    with (
        subprocess.Popen(SLEEPING, env={**os.environ, **mark}) as program,
        hold(run.work, "oneshot"),
    ):
        try:
            async with console(run, clock) as pilot:
                await until_shown(pilot, "B ● RUNNING")
                await pilot.press("2", "x")
                await until_shown(pilot, "read only")
                assert "Cancel B_worker" not in shown(pilot.app)
        finally:
            program.kill()
