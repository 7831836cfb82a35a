"""`factory open-report`: the report of a run in the program that the desktop has for it."""

from __future__ import annotations

import argparse

from factory_tui.cli.arguments import add_location, add_run
from factory_tui.cli.opener import open_and_name
from factory_tui.cli.output import Output
from factory_tui.cli.report_text import REPORT, report_text
from factory_tui.cli.targets import run_folder
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_location(parser)
    add_run(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Open it, and print where it is."""
    output = Output(arguments)
    folder = run_folder(arguments, output)
    report_text(folder)  # says why there is none, and keeps an opener from a file that is a trap
    return open_and_name(folder.path / REPORT, folder.run_id, output)
