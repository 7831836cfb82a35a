"""A run in a process of its own, so that it can be killed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from factory_engine.runs import drive
from factory_engine.runs.birth import Request
from factory_engine.runs.project import open_project
from tests.support.factory_runs import Bench

ROOT = Path(__file__).parents[2]
RUN_ID = "mine"


def start(bench: Bench) -> subprocess.Popen[bytes]:
    """What `bench.oneshot(run_id="mine")` does; it prints the status that the run comes to."""
    wish = {
        "root": str(bench.root),
        "overrides": [f"{key}={json.dumps(value)}" for key, value in bench.settings.items()],
        "environment": bench.environment,
    }
    argv = [sys.executable, "-m", __name__, json.dumps(wish)]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)


async def main(wish: dict[str, Any]) -> None:
    """The run."""
    project = await open_project(wish.pop("root"), **wish)
    print((await drive.oneshot(project, Request(run_id=RUN_ID))).status)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
