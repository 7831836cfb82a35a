"""`factory watch`: follows a run of any process until it ends.

Owns the line an event off a terminal; on one, the console or the live table is shown.
"""

from __future__ import annotations

import argparse
import sys

from factory_engine.runs.follow import follow
from factory_tui.cli import console_launcher, errors
from factory_tui.cli.arguments import add_location, add_run, add_tui
from factory_tui.cli.documents.run_document import run_document
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.printers.choice import progress_for
from factory_tui.cli.printers.progress import Lines, Progress
from factory_tui.cli.printers.result import result_text
from factory_tui.cli.printers.style import style
from factory_tui.cli.streams import is_terminal, write_out
from factory_tui.cli.targets import run_folder, start_of
from factory_tui.text import exit_codes
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and where to show it."""
    add_location(parser)
    add_run(parser)
    add_tui(parser)
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="the console only looks: it gives no command and shows no other run",
    )


def execute(arguments: argparse.Namespace) -> ExitCode | int:
    """Follow, then end with the run's exit code; 3 where nobody drives it any more."""
    opens = console_launcher.opens(arguments)
    output = Output(arguments)
    folder = run_folder(arguments, output)
    if opens:
        start, read_only = start_of(arguments), arguments.read_only
        return console_launcher.open_console(arguments, start, folder.path, read_only=read_only)
    progress = _progress(output)

    async def whole() -> bool:
        async for event in follow(folder):
            progress.event(event)
        return True

    driven = run_until_signal(whole, progress)
    if driven.value is None:
        return errors.interrupted(output.json, driven.stopped_by)
    state = progress.state
    code = exit_codes.of_status(state.status)
    output.result(result_text(state, folder.path, style(output.color_out)))
    output.document(run_document(state, folder.path, code))
    return code


def _progress(output: Output) -> Progress:
    """On a terminal the live table; else each event as a line of the result."""
    if output.json or output.quiet or is_terminal(sys.stdout):
        return progress_for(output)
    return Lines(write_out, style(output.color_out), everything=True)
