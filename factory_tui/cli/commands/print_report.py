"""`factory print-report`: the report of a run on stdout."""

from __future__ import annotations

import argparse

from factory_tui.cli.arguments import add_location, add_run
from factory_tui.cli.output import Output
from factory_tui.cli.report_text import report_text
from factory_tui.cli.targets import run_folder
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_location(parser)
    add_run(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print it. The exit code is about the printing; the report's first line is the verdict."""
    output = Output(arguments)
    folder = run_folder(arguments, output)
    text = report_text(folder)
    output.result(text)
    output.document({"schema": "factory.report/1", "run_id": folder.run_id, "text": text})
    return ExitCode.PASS
