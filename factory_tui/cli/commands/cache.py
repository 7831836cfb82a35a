"""`factory cache`: the kept checkouts that make the next run fast, and how to remove them."""

from __future__ import annotations

import argparse
import datetime

from factory_engine.escape import printable
from factory_engine.runs.cache import LayerUse, layers, remove_layers
from factory_engine.runs.control import Pruned
from factory_engine.runs.project import open_project
from factory_tui.cli import errors
from factory_tui.cli.arguments import add_location
from factory_tui.cli.commands.prune import days, print_removed
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.printers.style import table
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text.exit_codes import ExitCode
from factory_tui.text.units import size

_SHORT = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing for the list; which of them go."""
    add_location(parser)
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--remove", metavar="KEY", action="append", help="remove this one (the key's beginning)"
    )
    chosen.add_argument("--remove-all", action="store_true", help="remove all that are not in use")
    chosen.add_argument(
        "--older-than", metavar="D", type=days, help="remove what was not used for D days, or 12h"
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print what is kept, or remove it."""
    output = Output(arguments)
    start, config = start_of(arguments), config_file(arguments)
    removing = arguments.remove or arguments.remove_all or arguments.older_than is not None

    async def look() -> tuple[list[LayerUse], list[Pruned]]:
        project = await open_project(start, config_file=config, overrides=arguments.overrides)
        if not removing:
            return layers(project), []
        return [], remove_layers(project, arguments.remove, arguments.older_than)

    driven = run_until_signal(look)
    if driven.value is None:
        return errors.interrupted(output.json, driven.stopped_by)
    kept, removed = driven.value
    if removing:
        print_removed(output, removed)
    else:
        _print(output, kept)
    return ExitCode.PASS


def _print(output: Output, kept: list[LayerUse]) -> None:
    rows = [
        (
            use.key[:_SHORT],
            printable(use.what),
            size(use.bytes),
            _moment(use),
            "in use" if use.in_use else "",
        )
        for use in kept
    ]
    for line in table(rows):
        output.result(line)
    total = sum(use.bytes for use in kept)
    output.result(f"{len(kept)} kept, {size(total)}" if kept else "nothing is kept")
    output.document(
        {
            "schema": "factory.cache/1",
            "layers": [
                {
                    "key": use.key,
                    "what": use.what,
                    "bytes": use.bytes,
                    "last_used": _moment(use),
                    "in_use": use.in_use,
                }
                for use in kept
            ],
            "bytes": total,
        }
    )


def _moment(use: LayerUse) -> str:
    moment = datetime.datetime.fromtimestamp(use.last_used, datetime.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
