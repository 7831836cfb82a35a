"""`factory completion`: a script that lets a shell complete commands and options."""

from __future__ import annotations

import argparse
import os
from pathlib import PurePath

from factory_engine.errors import UsageError
from factory_tui.cli import arguments as command_lines
from factory_tui.cli.output import Output
from factory_tui.cli.overview import COMMANDS
from factory_tui.text.exit_codes import ExitCode

SHELLS = ("bash", "zsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For which shell."""
    parser.add_argument(
        "shell",
        nargs="?",
        type=command_lines.one_of("shell", SHELLS),
        metavar="SHELL",
        help="bash or zsh (default: the one in $SHELL)",
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print the script, to be evaluated by the shell or put where it looks for such scripts."""
    output = Output(arguments)
    shell = arguments.shell or PurePath(os.environ.get("SHELL", "")).name
    if shell not in SHELLS:
        raise UsageError("no shell is named", advice="say `completion bash` or `completion zsh`")
    import shtab  # of use for this command only, which is called once

    script = shtab.complete(whole_parser(), shell).rstrip("\n")
    output.result(script)
    output.document({"schema": "factory.completion/1", "shell": shell, "script": script})
    return ExitCode.PASS


def whole_parser() -> argparse.ArgumentParser:
    """One parser with every command below it, as a shell has to know them."""
    parser = argparse.ArgumentParser(prog="factory")
    parser.add_argument("--version", action="store_true", help="the version, nothing else")
    commands = parser.add_subparsers()
    for name, (_, line) in COMMANDS.items():
        own = command_lines.command_parser("factory", name)
        # a copy of its options, as argparse wants to make the parsers of its commands itself
        commands.add_parser(name, help=line, parents=[own], add_help=False)
    return parser
