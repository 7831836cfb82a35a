"""What `launch`, `bundle-validate`, `integrate` and `oneshot` have in common.

Owns the way from their options to the engine and from an outcome to every printed form of it. What
each of them asks of the engine, and when its own part has passed, stands in its module.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from factory_engine.errors import FactoryError, UsageError
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.drive import Outcome
from factory_engine.runs.project import Project, open_project
from factory_engine.state import RunState
from factory_tui.cli import errors
from factory_tui.cli.documents.run_document import run_document
from factory_tui.cli.driving import Listen, drive
from factory_tui.cli.output import Output
from factory_tui.cli.printers import github_actions
from factory_tui.cli.printers.choice import progress_for
from factory_tui.cli.printers.result import result_text
from factory_tui.cli.printers.style import style
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text import exit_codes
from factory_tui.text.exit_codes import ExitCode
from factory_tui.text.runs import next_step


@dataclass(frozen=True)
class StageCommand:
    """One of the commands that drive a run.

    Args:
        existing: the run that it goes on with, None for a new one; may raise FactoryError.
        call: what it asks of the engine.
        code: its exit code for a run that has come as far as it wanted.
    """

    existing: Callable[[Project, Output], RunFolder | None]
    call: Callable[[Project, RunFolder | None, Listen], Awaitable[Outcome]]
    code: Callable[[RunState], ExitCode]


def run_stage_command(
    command: StageCommand,
    arguments: argparse.Namespace,
    environment: dict[str, str] | None = None,
) -> ExitCode:
    """Drive a run and print how it stands.

    Args:
        command: what to do.
        arguments: the parsed command line.
        environment: what the engine takes for its environment; None for that of this process.
    """
    output = Output(arguments)
    start, config = start_of(arguments), config_file(arguments)
    junit = _junit_file(arguments, start)
    progress = progress_for(output)
    runs_dir = Path()

    async def whole(listen: Listen) -> Outcome:
        nonlocal runs_dir
        project = await open_project(
            start, config_file=config, overrides=arguments.overrides, environment=environment
        )
        runs_dir = project.runs_dir
        folder = command.existing(project, output)
        if folder is not None:
            progress.state = _so_far(folder)
            _tell_what_is_ignored(arguments, progress.state, output)
        return await command.call(project, folder, listen)

    driven = drive(whole, progress)
    if driven.value is not None:
        state, folder = driven.value.state, driven.value.folder
        code = command.code(state)
    elif progress.state.run_id:
        state, folder = progress.state, runs_dir / progress.state.run_id
        code = exit_codes.of_signal(driven.stopped_by)
        errors.say(f"stopped by {driven.stopped_by}; go on with `{next_step(state)}`")
    else:
        return errors.interrupted(output.json, driven.stopped_by)
    _print(output, state, folder, code)
    if junit is not None:
        from factory_tui.cli.printers.junit import write_junit  # loads a library for it

        write_junit(junit, state)
    return code


def _print(output: Output, state: RunState, folder: Path, code: ExitCode) -> None:
    output.result(result_text(state, folder, style(output.color_out)))
    output.document(run_document(state, folder, code))
    github_actions.report(state, folder, output)


def _so_far(folder: RunFolder) -> RunState:
    """The state that new events go on from; the engine itself reports what is wrong with it."""
    try:
        return fold_all(read_events(folder.ledger))
    except FactoryError:
        return RunState()


def _tell_what_is_ignored(arguments: argparse.Namespace, state: RunState, output: Output) -> None:
    """A run's plan is sealed: options that would make another one have no say in it any more."""
    asked = {"--base-ref": "base_ref", "--kind": "kind", "--dry-run": "dry_run"}
    for option, name in asked.items():
        value = getattr(arguments, name, None)
        if value and value != getattr(state, name):
            output.remark(f"{state.run_id} exists already, so {option} is passed over")


def _junit_file(arguments: argparse.Namespace, start: Path) -> Path | None:
    """Where the JUnit report goes. Raises UsageError before anything runs where it cannot."""
    named: Path | None = arguments.junit
    if named is None:
        return None
    path = start / named
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError("cannot be written", where=f"--junit {named}", advice="name another file")
    return path
