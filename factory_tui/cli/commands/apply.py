"""`factory apply`: puts the result of a passed run on a new branch."""

from __future__ import annotations

import argparse

from factory_engine.runs.apply import Applied, apply_run
from factory_engine.runs.project import open_project
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_location, add_run_id
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.targets import config_file, run_folder, start_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and where to."""
    add_location(parser)
    add_run_id(parser)
    parser.add_argument(
        "--branch", metavar="NAME", help="the new branch (default: factory/ and the run's id)"
    )
    parser.add_argument(
        "--foreign", action="store_true", help="apply a run that was not made on this machine, too"
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Make the branch; the work tree and the current branch stay as they are."""
    output = Output(arguments)
    folder = run_folder(arguments, output, own_only=True)
    start, config = start_of(arguments), config_file(arguments)

    async def land() -> Applied:
        project = await open_project(start, config_file=config, overrides=arguments.overrides)
        return await apply_run(project, folder, arguments.branch, foreign=arguments.foreign)

    driven = run_until_signal(land)
    if driven.value is None:
        return errors.interrupted(output.json, driven.stopped_by)
    applied = driven.value
    noun = "file" if applied.files == 1 else "files"
    output.result(f"branch {applied.branch} at {applied.commit}, {applied.files} {noun}")
    output.document(
        {
            "schema": "factory.apply/1",
            "run_id": folder.run_id,
            "branch": applied.branch,
            "commit": applied.commit,
            "files": applied.files,
        }
    )
    output.remark(f"next: git merge {applied.branch}")
    return ExitCode.PASS
