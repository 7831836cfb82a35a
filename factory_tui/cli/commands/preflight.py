"""`factory preflight`: the first stage on its own, for a base that a run would start from."""

from __future__ import annotations

import argparse

from factory_engine.events import Finding
from factory_engine.runs import doctor as engine
from factory_engine.runs.project import open_project
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_base, add_location
from factory_tui.cli.commands import doctor
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to look, and from which commit."""
    add_location(parser)
    add_base(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print what was found; BLOCKED if a run from that base would be."""
    start, config = start_of(arguments), config_file(arguments)

    async def look() -> list[Finding]:
        project = await open_project(start, config_file=config, overrides=arguments.overrides)
        return await engine.preflight(project, arguments.base_ref)

    driven = run_until_signal(look)
    if driven.value is None:
        return errors.interrupted(arguments.json, driven.stopped_by)
    return doctor.answer(Output(arguments), driven.value, {})
