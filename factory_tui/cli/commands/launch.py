"""`factory launch`: creates a run and collects its bundles, or starts workers of one again."""

from __future__ import annotations

import argparse

from factory_engine.config.merging import DEFAULT
from factory_engine.run_folder import RunFolder
from factory_engine.runs import drive
from factory_engine.runs.drive import Outcome
from factory_engine.runs.listing import existing_run
from factory_engine.runs.project import Project
from factory_tui.cli.commands import oneshot
from factory_tui.cli.driving import Listen
from factory_tui.cli.stage_command import StageCommand, run_stage_command
from factory_tui.text.exit_codes import ExitCode, of_stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `oneshot`; of an existing run, `--workers` are started again."""
    oneshot.add_arguments(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Run the first two stages; PASS where every bundle says so."""

    async def call(project: Project, folder: RunFolder | None, listen: Listen) -> Outcome:
        # the configured kind counts where somebody has set one
        kind = "launch" if project.loaded.origins["run.kind"] == DEFAULT else None
        return await drive.launch(project, oneshot.request(arguments, kind), listen)

    command = StageCommand(
        existing=lambda project, output: existing_run(project.runs_dir, arguments.run_id),
        call=call,
        code=lambda state: of_stage(state, "launch"),
    )
    return run_stage_command(command, arguments)
