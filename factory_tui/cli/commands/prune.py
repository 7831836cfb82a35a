"""`factory prune`: removes what old runs left behind, or the runs themselves."""

from __future__ import annotations

import argparse
import re

from factory_engine.config.wording import shown
from factory_engine.errors import UsageError
from factory_engine.runs.cache import remove_layers
from factory_engine.runs.control import Pruned, prune
from factory_engine.runs.project import open_project
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_location, whole_number
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.printers.style import table
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text.exit_codes import ExitCode
from factory_tui.text.units import size

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
_AGE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([hdw]?)", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is old, and how much of it goes."""
    add_location(parser)
    parser.add_argument(
        "--keep", metavar="N", type=whole_number, help="leave the newest N runs alone"
    )
    parser.add_argument(
        "--older-than", metavar="D", type=days, help="only runs older than D days, or 12h, 30d, 2w"
    )
    parser.add_argument(
        "--runs",
        action="store_true",
        help="remove the runs' folders too; needs --keep or --older-than",
    )


def days(text: str) -> float:
    """An age in days, for argparse."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected days, or 12h, 30d, 2w, not {shown(text)}")
    return float(match[1]) * _DAYS[match[2] or "d"]


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Remove, and name what was removed."""
    output = Output(arguments)
    if arguments.runs and arguments.keep is None and arguments.older_than is None:
        raise UsageError(
            "--runs alone would remove every run",
            advice="say which with --keep N or --older-than D",
        )
    start, config = start_of(arguments), config_file(arguments)

    async def remove() -> list[Pruned]:
        project = await open_project(start, config_file=config, overrides=arguments.overrides)
        removed = prune(
            project,
            keep=arguments.keep,
            older_than_days=arguments.older_than,
            runs=arguments.runs,
        )
        return [*removed, *remove_layers(project, older_than_days=arguments.older_than)]

    driven = run_until_signal(remove)
    if driven.value is None:
        return errors.interrupted(output.json, driven.stopped_by)
    print_removed(output, driven.value)
    return ExitCode.PASS


def print_removed(output: Output, removed: list[Pruned]) -> None:
    """What went and how much room that makes."""
    total = sum(item.bytes for item in removed)
    for line in table([(item.what, item.run_id, size(item.bytes)) for item in removed]):
        output.result(line)
    output.result(f"removed {len(removed)}, {size(total)}" if removed else "nothing to remove")
    output.document(
        {
            "schema": "factory.prune/1",
            "removed": [
                {"run_id": item.run_id, "what": item.what, "bytes": item.bytes} for item in removed
            ],
            "bytes": total,
        }
    )
