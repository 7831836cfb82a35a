"""Command lines: what stands before the command, what a command takes, and what is wrong with one.

Owns the common options and the words for a command line that makes no sense. Every mistake is a
`UsageError`; nothing is created before the whole line has been understood.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from factory_engine.config.wording import near_name, shown
from factory_engine.errors import UsageError
from factory_tui.cli.overview import COMMANDS, PACKAGE
from factory_tui.cli.streams import write_out

_WITH_VALUE = ("--run-id", "--dir", "--config", "--set", "--color", "-C")
_FLAGS = ("--json", "--quiet", "-q", "--no-color", "--tui", "--no-tui", "--help", "-h", "--version")
_WORKER = re.compile(r"([A-Y])(_worker)?")


class CommandParser(argparse.ArgumentParser):
    """An argument parser whose mistakes are one line with the nearest option named."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UsageError(message, advice=f"see `{self.prog} --help`")

    def _print_message(self, message: str, file: object = None) -> None:
        """Print a help text; argparse's own way fails on a closed pipe."""
        write_out(message)

    def parse_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse `arguments`. Raises UsageError for one that the command does not take."""
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            raise self._unknown(next((a for a in unknown if a.startswith("-")), unknown[0]))
        return parsed

    def _unknown(self, argument: str) -> UsageError:
        if not argument.startswith("-"):
            return UsageError(
                f"unexpected argument {shown(argument)}", advice=f"see `{self.prog} --help`"
            )
        name = argument.partition("=")[0]
        options = [option for option in self._option_string_actions if option.startswith("--")]
        return UsageError(
            f"`{self.prog}` takes no option {shown(name)}",
            advice=_nearest(name, options, self.prog),
        )


def split(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command of a command line and all other arguments, those before the command first.

    Raises:
        UsageError: an unknown option before the command, or an unknown command.
    """
    leading: list[str] = []
    rest = iter(argv)
    for argument in rest:
        name = argument.partition("=")[0]
        if not argument.startswith("-") or argument == "-":
            if argument not in COMMANDS:
                raise UsageError(
                    f"there is no command {shown(argument)}", advice=_nearest(argument, COMMANDS)
                )
            return argument, [*leading, *rest]
        leading.append(argument)
        if argument in _WITH_VALUE:
            leading += [value for value in [next(rest, None)] if value is not None]
        elif not (argument in _FLAGS or name in _WITH_VALUE or argument.startswith("-C")):
            known = [*_WITH_VALUE, *_FLAGS]
            raise UsageError(f"unknown option {shown(name)}", advice=_nearest(name, known))
    return None, leading


def _nearest(name: str, known: Iterable[str], prog: str = "factory") -> str:
    """The nearest of `known` names; where none is near, who lists them."""
    advice = near_name(name, known)
    return advice if advice.startswith("did you mean") else f"see `{prog} --help`"


def command_parser(prog: str, command: str) -> CommandParser:
    """The parser of one command; its module is imported."""
    module_name, line = COMMANDS[command]
    module = import_module(f"{PACKAGE}.{module_name}")
    parser = CommandParser(
        prog=f"{prog} {command}", description=line[0].upper() + line[1:], allow_abbrev=False
    )
    module.add_arguments(parser)
    add_output(parser)
    parser.set_defaults(command=command, execute=module.execute)
    return parser


def bare_parser(prog: str) -> CommandParser:
    """The parser of a command line without a command, which opens the console or shows the help."""
    parser = CommandParser(prog=prog, allow_abbrev=False)
    add_location(parser)
    add_run(parser)
    add_tui(parser)
    add_output(parser)
    parser.set_defaults(command=None)
    return parser


def add_location(parser: argparse.ArgumentParser, *, config: bool = True) -> None:
    """Where to work: `-C`, and the configuration's `--config` and `--set`."""
    parser.add_argument(
        "-C", dest="start", metavar="DIR", type=Path, default=Path(), help="as if started in DIR"
    )
    if config:
        parser.add_argument(
            "--config",
            metavar="FILE",
            type=Path,
            help="a configuration instead of the repository's",
        )
        parser.add_argument(
            "--set",
            dest="overrides",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="one setting; repeatable",
        )


def add_run_id(
    parser: argparse._ActionsContainer, words: str = "the run; the newest if left out"
) -> None:
    """Which run: `--run-id`."""
    parser.add_argument("--run-id", metavar="ID", help=words)


def add_run(parser: argparse.ArgumentParser) -> None:
    """Which run to read: `--run-id`, or `--dir` for a folder that lies anywhere."""
    group = parser.add_mutually_exclusive_group()
    add_run_id(group)
    group.add_argument("--dir", metavar="PATH", type=Path, help="a run's folder, wherever it lies")


def add_base(parser: argparse.ArgumentParser) -> None:
    """The commit to start from: `--base-ref`."""
    parser.add_argument(
        "--base-ref", metavar="REF", help="the commit to start from (default: run.base_ref)"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """How to answer; every command takes these."""
    parser.add_argument("--json", action="store_true", help="the result as one JSON document")
    parser.add_argument("--quiet", "-q", action="store_true", help="no progress and no remarks")
    parser.add_argument(
        "--no-color",
        dest="color",
        action="store_const",
        const="never",
        default="auto",
        help="no colours",
    )
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help=argparse.SUPPRESS
    )


def add_tui(parser: argparse.ArgumentParser) -> None:
    """Whether to open the console where there is a terminal."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--tui", action="store_true", help="the console, or an error where it cannot"
    )
    group.add_argument("--no-tui", action="store_true", help="no console, also on a terminal")


def add_junit(parser: argparse.ArgumentParser) -> None:
    """`--junit` of the commands that judge."""
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write a JUnit XML report too")


def workers(text: str) -> tuple[str, ...]:
    """`A,C_worker` as worker ids, for argparse."""
    names = [name.strip() for name in text.split(",")]
    matches = [_WORKER.fullmatch(name) for name in names]
    for name, match in zip(names, matches, strict=True):
        if match is None:
            raise argparse.ArgumentTypeError(f"{shown(name)} is no worker; write A,C or A_worker")
    return tuple(dict.fromkeys(f"{match[1]}_worker" for match in matches if match))


def one_worker(text: str) -> str:
    """`B` or `B_worker` as a worker id, for argparse."""
    named = workers(text)
    if len(named) != 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} names more than one worker")
    return named[0]


def positive(text: str) -> int:
    """A whole number from 1 up, for argparse."""
    if not (text.isascii() and text.isdigit() and int(text[:18]) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, not {shown(text)}")
    return int(text[:18])


def whole_number(text: str) -> int:
    """A whole number from 0 up, for argparse."""
    return 0 if text == "0" else positive(text)


def reason(text: str) -> str:
    """A reason that says something, for argparse."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a reason in a few words")
    return text.strip()


def one_of(what: str, known: Iterable[str]) -> Callable[[str], str]:
    """A converter for argparse that names the nearest of `known` when it meets another."""
    names = tuple(known)

    def convert(text: str) -> str:
        if text not in names:
            problem = f"there is no {what} {shown(text)}; {near_name(text, names)}"
            raise argparse.ArgumentTypeError(problem)
        return text

    return convert
