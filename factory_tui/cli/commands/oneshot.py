"""`factory oneshot`: all five stages of a new run, or what an unfinished one still needs."""

from __future__ import annotations

import argparse

from factory_engine import run_id as run_ids
from factory_engine.run_folder import RunFolder
from factory_engine.runs import drive
from factory_engine.runs.birth import Request
from factory_engine.runs.drive import Outcome
from factory_engine.runs.listing import existing_run
from factory_engine.runs.project import Project
from factory_tui.cli.arguments import add_base, add_junit, add_location, add_run_id, workers
from factory_tui.cli.driving import Listen
from factory_tui.cli.stage_command import StageCommand, run_stage_command
from factory_tui.text import exit_codes
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a command that creates a run."""
    add_location(parser)
    add_run_id(parser, "the id of the new run, or of an unfinished one to go on with")
    add_base(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="start no worker, run no check, leave empty bundles"
    )
    parser.add_argument(
        "--workers", metavar="A,C", type=workers, help="who takes part (default: all with a task)"
    )
    parser.add_argument("--kind", metavar="WORD", type=kind, help="the first word of a made id")
    add_junit(parser)


def kind(text: str) -> str:
    """A word that ids can begin with, for argparse. Raises UsageError for any other."""
    run_ids.make(text, 0, "0" * 40, ())
    return text


def request(arguments: argparse.Namespace, default_kind: str | None = None) -> Request:
    """What the options ask for; None as kind leaves it to the configuration."""
    return Request(
        base_ref=arguments.base_ref,
        dry_run=arguments.dry_run,
        run_id=arguments.run_id,
        kind=arguments.kind or default_kind,
        workers=arguments.workers,
    )


def execute(arguments: argparse.Namespace, environment: dict[str, str] | None = None) -> ExitCode:
    """Run the stages; the exit code is the verdict's."""

    async def call(project: Project, folder: RunFolder | None, listen: Listen) -> Outcome:
        return await drive.oneshot(project, request(arguments), listen)

    command = StageCommand(
        existing=lambda project, output: existing_run(project.runs_dir, arguments.run_id),
        call=call,
        code=lambda state: exit_codes.of_status(state.status),
    )
    return run_stage_command(command, arguments, environment)
