from __future__ import annotations
import os, subprocess, sys
from tests.console import builders as b
from tests.console.looking import console, until_shown, shown
from factory_engine.run_lock import hold


async def test_a_worker_of_a_run_elsewhere_cannot_be_ended(tmp_path, clock):
    run = b.write_run(tmp_path, b.underway())
    env = {**os.environ, "FACTORY_RUN_ID": b.RUN_ID, "FACTORY_WORKER_ID": "B_worker"}
    with (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=env) as program,
        hold(run.work, "oneshot"),
    ):
        try:
            async with console(run, clock) as pilot:
                await until_shown(pilot, "B ● RUNNING")
                await pilot.press("2", "x")
                for _ in range(10):
                    await pilot.pause(0.05)
                assert "Cancel B_worker" not in shown(pilot.app), shown(pilot.app)
        finally:
            program.kill()
