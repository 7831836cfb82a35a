"""`factory runs`: the runs of this repository, newest first.

Light: it answers as fast as Python starts, so what only its parser needs is imported there.
"""

from __future__ import annotations

from factory_engine.clock import Clock
from factory_engine.runs.records import records
from factory_engine.runs.whereabouts import common_folder
from factory_tui.cli.listing_targets import kept_bytes, root_of, runs_dir
from factory_tui.cli.output import Output
from factory_tui.cli.printers.runs_table import older_runs, runs_table
from factory_tui.cli.printers.style import style
from factory_tui.text.exit_codes import ExitCode
from factory_tui.text.units import size

TYPE_CHECKING = False  # importing typing, or argparse, costs as much as starting Python
if TYPE_CHECKING:
    import argparse

LIMIT = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many."""
    from factory_tui.cli.arguments import add_location, positive

    add_location(parser)
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--limit",
        metavar="N",
        type=positive,
        default=LIMIT,
        help=f"the newest N (default: {LIMIT})",
    )
    group.add_argument("--all", action="store_true", help="every run")


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print a line for each run."""
    output = Output(arguments)
    repository = common_folder(root_of(arguments))
    runs, total = records(
        runs_dir(arguments), None if arguments.all else arguments.limit, repository
    )
    now_us = Clock.from_environment().now_us()
    for line in runs_table(runs, now_us, style(output.color_out)):
        output.result(line)
    if not runs:
        output.remark("there is no run yet; start one with `factory oneshot`")
    elif total > len(runs):
        output.remark(older_runs(total - len(runs)))
    kept = kept_bytes(arguments)
    if kept:
        output.remark(f"kept workspaces take {size(kept)}; `factory prune` removes them")
    output.document(
        {"schema": "factory.runs/1", "runs": runs, "total": total, "workspaces_bytes": kept}
    )
    return ExitCode.PASS
