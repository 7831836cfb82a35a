"""`factory prompt`: what a worker's agent would be told, without starting it."""

from __future__ import annotations

import argparse

from factory_engine.runs.project import open_project
from factory_engine.runs.prompting import preview_prompt
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_base, add_location, one_worker
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to look, and whose prompt."""
    add_location(parser)
    add_base(parser)
    parser.add_argument(
        "--worker", metavar="ID", type=one_worker, required=True, help="such as B, or B_worker"
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print the prompt as it would be sent."""
    start, config = start_of(arguments), config_file(arguments)

    async def render() -> str:
        project = await open_project(start, config_file=config, overrides=arguments.overrides)
        return await preview_prompt(project, arguments.worker, arguments.base_ref)

    driven = run_until_signal(render)
    if driven.value is None:
        return errors.interrupted(arguments.json, driven.stopped_by)
    output = Output(arguments)
    output.result(driven.value.rstrip("\n"))
    output.document(
        {"schema": "factory.prompt/1", "worker_id": arguments.worker, "text": driven.value}
    )
    return ExitCode.PASS
