"""`factory bundle-validate`: judges each bundle of a run, as often as it is asked to."""

from __future__ import annotations

import argparse

from factory_engine.errors import UsageError
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs import drive
from factory_engine.runs.amend import chosen_amendments
from factory_engine.runs.drive import Outcome
from factory_engine.runs.listing import find_run
from factory_engine.runs.project import Project
from factory_tui.cli.arguments import add_junit, add_location, add_run_id, reason, workers
from factory_tui.cli.driving import Listen
from factory_tui.cli.output import Output
from factory_tui.cli.stage_command import StageCommand, run_stage_command
from factory_tui.text.exit_codes import ExitCode, of_stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a command that judges an existing run."""
    add_location(parser)
    add_run_id(parser)
    parser.add_argument(
        "--amend-scope",
        metavar="REASON",
        type=reason,
        help="take the edited scope lock of --workers as the one that counts, and keep the reason",
    )
    parser.add_argument(
        "--workers",
        metavar="A,B",
        type=workers,
        default=(),
        help="whose edited lock --amend-scope means; not needed where only one was edited",
    )
    add_junit(parser)


def execute(arguments: argparse.Namespace, stage: str = "bundle-validate") -> ExitCode:
    """Judge; the exit code is that of `stage`."""
    if arguments.workers and arguments.amend_scope is None:
        raise UsageError("--workers says whose scope is amended", advice="add --amend-scope REASON")

    def existing(project: Project, output: Output) -> RunFolder:
        folder = find_run(project.runs_dir, arguments.run_id, own_only=True)
        if arguments.run_id is None:
            output.remark(f"run {folder.run_id}, the newest")
        if arguments.amend_scope is not None:
            state = fold_all(read_events(folder.ledger))
            for line in chosen_amendments(folder, state, arguments.workers).words():
                output.remark(line)
        return folder

    async def call(project: Project, folder: RunFolder | None, listen: Listen) -> Outcome:
        run_id = folder.run_id if folder else None
        amend = arguments.amend_scope
        return await drive.judge(
            project,
            run_id,
            stage,
            amend_scope=amend,
            amend_workers=arguments.workers,
            listen=listen,
        )

    command = StageCommand(existing, call, code=lambda state: of_stage(state, stage))
    return run_stage_command(command, arguments)
