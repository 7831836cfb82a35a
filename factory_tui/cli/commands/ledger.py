"""`factory ledger`: the newest events of all runs, or those of one, as a table or as JSON lines."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from factory_engine.clock import Clock, to_rfc3339
from factory_engine.config.wording import near_name, shown
from factory_engine.errors import LedgerError
from factory_engine.events import INTEGRATOR, EventType
from factory_engine.run_folder import LEDGER
from factory_engine.runs.listing import run_names
from factory_engine.status import Status
from factory_engine.storage import storage_error
from factory_tui.cli.arguments import add_location, add_run, positive
from factory_tui.cli.ledger_lines import newest
from factory_tui.cli.output import Output
from factory_tui.cli.printers.ledger_table import ledger_lines, ledger_table
from factory_tui.cli.printers.style import style
from factory_tui.cli.targets import run_folder, runs_dir
from factory_tui.text.exit_codes import ExitCode

LIMIT = 50
ALL = 1 << 62
_AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which events, and in which form."""
    add_location(parser)
    add_run(parser)
    parser.add_argument(
        "--limit",
        metavar="N",
        type=positive,
        help=f"the newest N events (default: all of a named run, else {LIMIT})",
    )
    parser.add_argument("--raw-events", action="store_true", help="JSON lines, as in the ledger")
    parser.add_argument(
        "--since", metavar="TIME", type=since, help="2026-01-31T12:00:00Z, or 90s, 15m, 2h, 3d ago"
    )
    parser.add_argument("--actor", type=actor, help="A, A_worker, Z, factory or operator")
    parser.add_argument(
        "--event-type", metavar="TYPE", type=event_type, help="worker.finished, or worker.*"
    )
    parser.add_argument(
        "--status", type=status, help="PASS, BLOCKED, FAIL: events that say so of something"
    )


def since(text: str) -> str:
    """A time as events have it, for argparse."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _AGES and number.isdigit():
            ago = timedelta(**{_AGES[unit]: int(number)})
            now = Clock.from_environment().now_us()
            return to_rfc3339(max(0, now - ago // timedelta(microseconds=1)))
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return to_rfc3339((moment - epoch) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        problem = f"{shown(text)} is no time; write 2026-01-31T12:00:00Z or 15m"
        raise argparse.ArgumentTypeError(problem) from None


def actor(text: str) -> str:
    """An actor as events have it, for argparse."""
    if len(text) == 1 and text.upper() in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        letter = text.upper()
        return INTEGRATOR if letter == "Z" else f"{letter}_worker"
    return text


def event_type(text: str) -> str:
    """An event type or a pattern of them, for argparse."""
    if not any(fnmatchcase(known, text) for known in EventType):
        problem = f"there is no event type {shown(text)}; {near_name(text, map(str, EventType))}"
        raise argparse.ArgumentTypeError(problem)
    return text


def status(text: str) -> str:
    """A status word, for argparse."""
    if text.upper() not in list(Status):
        problem = f"there is no status {shown(text)}; {near_name(text.upper(), map(str, Status))}"
        raise argparse.ArgumentTypeError(problem)
    return text.upper()


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print the events. A line that is none ends its run's part and makes the result BLOCKED."""
    output = Output(arguments)
    one_run = arguments.run_id is not None or arguments.dir is not None
    if one_run:
        ledgers = [str(run_folder(arguments, output).ledger)]
    else:
        folder = runs_dir(arguments)
        ledgers = [str(folder / name / LEDGER) for name in run_names(folder)]
    problems: list[tuple[str, str]] = []
    try:
        events = newest(
            ledgers,
            arguments.limit or (ALL if one_run else LIMIT),
            _filter(arguments),
            lambda path, error: problems.append((path, str(error))),
        )
    except OSError as error:
        raise storage_error(error, Path(error.filename or LEDGER), "cannot be read") from error
    lines = (
        ledger_lines(events)
        if arguments.raw_events
        else ledger_table(events, one_run=one_run, paint=style(output.color_out))
    )
    if lines:
        output.result("\n".join(lines))
    else:
        output.remark("no event" if ledgers else "there is no run yet")
    output.document({"schema": "factory.ledger/1", "events": events})
    for path, problem in problems:
        raise LedgerError(
            f"a line cannot be read: {problem}; events before it are not shown",
            where=os.path.dirname(path),
            advice="verify it with `factory ledger-replay`",
        )
    return ExitCode.PASS


def _filter(arguments: argparse.Namespace) -> Callable[[dict[str, object]], bool]:
    def wanted(event: dict[str, object]) -> bool:
        details = event["details"]
        return (
            (arguments.since is None or str(event["ts_utc"]) >= arguments.since)
            and (arguments.actor is None or event["actor"] == arguments.actor)
            and (
                arguments.event_type is None
                or fnmatchcase(str(event["event_type"]), arguments.event_type)
            )
            and (
                arguments.status is None
                or (isinstance(details, dict) and details.get("status") == arguments.status)
            )
        )

    return wanted
