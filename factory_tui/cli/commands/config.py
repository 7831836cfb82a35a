"""`factory config`: the effective configuration, and where each value came from."""

from __future__ import annotations

import argparse
import json
import os

from factory_engine.config import load, rows
from factory_engine.escape import printable
from factory_tui.cli.arguments import add_location
from factory_tui.cli.output import Output
from factory_tui.cli.printers.style import table
from factory_tui.cli.targets import config_file, root_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which layers."""
    add_location(parser)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print a line for each setting."""
    output = Output(arguments)
    loaded = load(
        root_of(arguments),
        file=config_file(arguments),
        environment=os.environ,
        overrides=tuple(arguments.overrides),
    )
    settings = rows(loaded)
    lines = [tuple(printable(cell, 1000) for cell in row) for row in settings]
    for line in table(lines, ("KEY", "VALUE", "FROM")):
        output.result(line)
    output.document(
        {
            "schema": "factory.config/1",
            "values": [
                {"key": key, "value": json.loads(value), "origin": origin}
                for key, value, origin in settings
            ],
        }
    )
    return ExitCode.PASS
