"""`factory runs`: the runs of this repository, newest first."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from factory_engine.clock import Clock
from factory_engine.config.locations import workspaces_dir_from
from factory_engine.run_folder import RunFolder
from factory_engine.run_holder import holder_of
from factory_engine.runs.listing import run_line, run_names
from factory_tui.cli.arguments import add_location, positive
from factory_tui.cli.output import Output
from factory_tui.cli.printers.runs_table import older_runs, runs_table
from factory_tui.cli.printers.style import style
from factory_tui.cli.targets import config_file, root_of, runs_dir
from factory_tui.text.exit_codes import ExitCode
from factory_tui.text.units import size

LIMIT = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many."""
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
    folder = runs_dir(arguments)
    names = run_names(folder)
    limit = None if arguments.all else arguments.limit
    runs = list(islice(_records(folder, names), limit))
    now_us = Clock.from_environment().now_us()
    for line in runs_table(runs, now_us, style(output.color_out)):
        output.result(line)
    if not runs:
        output.remark("there is no run yet; start one with `factory oneshot`")
    elif len(names) > len(runs):
        output.remark(older_runs(len(names) - len(runs)))
    kept = _kept_bytes(arguments)
    if kept:
        output.remark(f"kept workspaces take {size(kept)}; `factory prune` removes them")
    output.document(
        {"schema": "factory.runs/1", "runs": runs, "total": len(names), "workspaces_bytes": kept}
    )
    return ExitCode.PASS


def _kept_bytes(arguments: argparse.Namespace) -> int:
    """0 without a closer look where no repository keeps any, as is usual."""
    root, config = root_of(arguments), config_file(arguments)
    workspaces = workspaces_dir_from(root, config, os.environ, arguments.overrides)
    if next(workspaces.glob("*/runs"), None) is None:
        return 0
    from factory_tui.cli.kept_workspaces import kept_bytes  # slow to load, and seldom needed

    return kept_bytes(arguments)


def _records(folder: Path, names: list[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        run = RunFolder(folder / name)
        if run.exists:
            record = dataclasses.asdict(run_line(run))
            if holder_of(run.work) is not None:
                record["status"] = "RUNNING"
            yield record
