"""`factory cancel`: stops a run that another process drives, cleanly."""

from __future__ import annotations

import argparse

from factory_engine.errors import FactoryError
from factory_engine.run_holder import holder_of
from factory_engine.runs.control import cancel
from factory_tui.cli.arguments import add_location, add_run_id
from factory_tui.cli.output import Output
from factory_tui.cli.targets import run_folder
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_location(parser)
    add_run_id(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Ask, and wait until it has stopped. A run that nobody drives needs no stopping."""
    output = Output(arguments)
    folder = run_folder(arguments, output, own_only=True)
    holder = holder_of(folder.work)
    if holder is not None and not cancel(folder):
        raise FactoryError(
            f"process {holder.pid} has been asked to stop and has not yet",
            where=folder.run_id,
            advice="follow it with `factory watch`, or end the process",
        )
    stopped = holder is not None
    output.result(f"{'stopped' if stopped else 'nobody drives'} {folder.run_id}")
    output.document({"schema": "factory.cancel/1", "run_id": folder.run_id, "stopped": stopped})
    if stopped:
        output.remark(f"next: factory oneshot --run-id {folder.run_id}")
    return ExitCode.PASS
