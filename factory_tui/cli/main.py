"""The way from a command line to an exit code.

Owns the only place where expected errors and bugs are caught. Knows the table of commands and
nothing else until it has seen what is asked for: whatever a command needs is imported here, on
demand, and nowhere else.
"""

from __future__ import annotations

import sys
from importlib import import_module

from factory_tui.cli import plain_options, streams
from factory_tui.cli.overview import (
    COMMANDS,
    PACKAGE,
    answer,
    help_text,
    program_name,
    version_text,
)

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name; None for those of this process.

    Returns:
        the exit code, one of `exit_codes.ExitCode`.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    streams.prepare()
    text = answer([sys.argv[0], *given])
    if text is not None:
        streams.write_out(text)
        return 0
    try:
        return _run(given)
    except SystemExit as error:  # argparse has printed the help of a command
        return int(error.code or 0)
    except BaseException as error:  # nothing that is raised ends in a traceback on the terminal
        return _report(error, "--json" in given)


def _run(given: Sequence[str]) -> int:
    listing = plain_options.read(given)
    if listing is not None:
        return int(import_module(f"{PACKAGE}.{given[0]}").execute(listing))
    from factory_tui.cli import arguments

    prog = program_name(sys.argv[0])
    command, rest = arguments.split(given)
    if "--version" in rest:
        streams.write_out(version_text())
        return 0
    if command is not None:
        parsed = arguments.command_parser(prog, command).parse_all(rest)
        return int(parsed.execute(parsed))
    if "--help" in rest or "-h" in rest:
        streams.write_out(help_text(prog))
        return 0
    from factory_tui.cli import console_launcher

    return console_launcher.enter(arguments.bare_parser(prog).parse_all(rest), help_text(prog))


def _report(error: BaseException, as_json: bool) -> int:
    from factory_engine.errors import FactoryError
    from factory_tui.cli import errors

    if isinstance(error, FactoryError):
        return int(errors.expected(error, as_json))
    if isinstance(error, KeyboardInterrupt):
        return int(errors.interrupted(as_json))
    from factory_tui.cli import crash

    return int(crash.report(error, as_json))
