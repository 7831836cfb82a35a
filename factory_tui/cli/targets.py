"""Where a command works: the folder of all runs, the folder of one run, the project.

Owns how `-C`, `--config`, `--set`, `--run-id` and `--dir` are understood. Creates nothing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from factory_engine.errors import RunError
from factory_engine.own_runs import is_own
from factory_engine.run_folder import RunFolder
from factory_engine.runs.listing import find_run
from factory_tui.cli import listing_targets
from factory_tui.cli.output import Output


def start_of(arguments: argparse.Namespace) -> Path:
    """The folder that a command starts in. Raises UsageError where there is none."""
    return Path(listing_targets.start_of(arguments))


def config_file(arguments: argparse.Namespace) -> Path | None:
    """The file that `--config` names, relative to the folder that the command starts in."""
    return None if arguments.config is None else start_of(arguments) / arguments.config


def runs_dir(arguments: argparse.Namespace) -> Path:
    """The folder of all runs, found without asking git.

    Raises:
        RepositoryError: there is no repository.
        UsageError: a setting of `paths` that makes no sense.
    """
    return Path(listing_targets.runs_dir(arguments))


def run_folder(
    arguments: argparse.Namespace, output: Output, *, own_only: bool = False
) -> RunFolder:
    """The run that a command is about; the newest one, named on stderr, where none is given.

    With `own_only` one that was made elsewhere has to be given.

    Raises:
        RunError: there is no such run.
        As `runs_dir`.
    """
    directory: Path | None = getattr(arguments, "dir", None)
    if directory is not None:
        folder = RunFolder(Path(os.path.abspath(start_of(arguments) / directory)))
        if not folder.exists:
            raise RunError(
                "there is no run in this folder",
                where=str(directory),
                advice="name the folder that holds LEDGER.jsonl",
            )
        return folder
    folder = find_run(runs_dir(arguments), arguments.run_id, own_only=own_only)
    if arguments.run_id is None:
        elsewhere = "" if is_own(str(folder.path)) else "; it was made elsewhere"
        output.remark(f"run {folder.run_id}, the newest{elsewhere}")
    return folder


def shown_path(path: Path) -> str:
    """A path as people want to see it: relative where it lies below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def root_of(arguments: argparse.Namespace) -> Path:
    """The top of the repository that a command works in. Raises RepositoryError without one."""
    return Path(listing_targets.root_of(arguments))
