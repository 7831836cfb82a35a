"""`factory ledger`: the newest events of all runs, or those of one, as a table or as JSON lines.

Light: it answers as fast as Python starts. What its options mean is `event_filters`', which only
its parser and a filter need.
"""

from __future__ import annotations

import os

from factory_engine.artifacts.names import LEDGER
from factory_engine.errors import LedgerError, StorageError
from factory_engine.ledger_tail import AT_LEAST_RUNS, newest
from factory_engine.runs.records import newest_names
from factory_tui.cli import listing_targets
from factory_tui.cli.output import Output
from factory_tui.cli.printers.ledger_table import ledger_lines, ledger_table
from factory_tui.cli.printers.style import style
from factory_tui.text.exit_codes import ExitCode

TYPE_CHECKING = False  # importing typing, or argparse, costs as much as starting Python
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

LIMIT = 50
ALL = 1 << 62


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which events, and in which form."""
    from factory_tui.cli.arguments import add_location, add_run, positive
    from factory_tui.cli.event_filters import actor, event_type, since, status

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


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print the events. A line that is none ends its run's part and makes the result BLOCKED."""
    output = Output(arguments)
    one_run = arguments.run_id is not None or arguments.dir is not None
    if one_run:
        from factory_tui.cli.targets import run_folder

        ledgers = [str(run_folder(arguments, output).ledger)]
    else:
        folder = listing_targets.runs_dir(arguments)
        limit = max(arguments.limit or LIMIT, AT_LEAST_RUNS)
        names, _ = newest_names(folder, None if _filters(arguments) else limit)
        ledgers = [f"{folder}/{name}/{LEDGER}" for name in names]
    problems: list[tuple[str, str]] = []
    try:
        events = newest(
            ledgers,
            arguments.limit or (ALL if one_run else LIMIT),
            _wanted(arguments),
            lambda path, error: problems.append((path, str(error))),
        )
    except OSError as error:
        where = str(error.filename or LEDGER)
        raise StorageError(f"cannot be read: {error.strerror}", where=where) from error
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


def _filters(arguments: argparse.Namespace) -> bool:
    names = ("since", "actor", "event_type", "status")
    return any(getattr(arguments, name) is not None for name in names)


def _wanted(arguments: argparse.Namespace) -> Callable[[dict[str, object]], bool]:
    if not _filters(arguments):
        return lambda event: True
    from factory_tui.cli.event_filters import wanted

    return wanted(arguments)
