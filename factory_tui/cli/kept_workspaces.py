"""How much room the kept workspaces of a repository take. Only ever measures."""

from __future__ import annotations

import argparse

from factory_engine.runs.control import disk_use
from factory_engine.runs.project import open_project
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.targets import config_file, start_of


def kept_bytes(arguments: argparse.Namespace) -> int:
    """The bytes of the workspaces that are kept for the runs of this repository."""
    start, config = start_of(arguments), config_file(arguments)

    async def measure() -> int:
        project = await open_project(start, config_file=config, overrides=arguments.overrides)
        return disk_use(project)["workspaces"]

    return run_until_signal(measure).value or 0
