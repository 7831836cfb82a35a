"""`factory init`: adopts a repository. Owns the words; the files are the engine's."""

from __future__ import annotations

import argparse

from factory_engine.runs.adopt import init
from factory_tui.cli.arguments import add_location
from factory_tui.cli.output import Output
from factory_tui.cli.targets import start_of
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to adopt."""
    add_location(parser, config=False)


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Write what is missing and say for each file whether it was there."""
    output = Output(arguments)
    files = init(start_of(arguments))
    for file in files:
        output.result(f"{'created' if file.created else 'kept':<7}  {file.path}")
    output.document(
        {
            "schema": "factory.init/1",
            "files": [{"path": file.path, "created": file.created} for file in files],
        }
    )
    output.remark("next: give the workers commands and scopes there, then `factory doctor`")
    return ExitCode.PASS
