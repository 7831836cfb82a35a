"""Where a command works: the folder of all runs, the folder of one run, the project.

Owns how `-C`, `--config`, `--set`, `--run-id` and `--dir` are understood. Creates nothing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from factory_engine.config.locations import runs_dir_from
from factory_engine.errors import RepositoryError, RunError, UsageError
from factory_engine.run_folder import RunFolder
from factory_engine.runs.listing import find_run
from factory_engine.runs.whereabouts import find_root_or_bare
from factory_tui.cli.output import Output


def start_of(arguments: argparse.Namespace) -> Path:
    """The folder that a command starts in. Raises UsageError where there is none."""
    start: Path = arguments.start
    if not start.is_dir():
        raise UsageError("no such folder", where=f"-C {start}")
    return start


def config_file(arguments: argparse.Namespace) -> Path | None:
    """The file that `--config` names, relative to the folder that the command starts in."""
    return None if arguments.config is None else start_of(arguments) / arguments.config


def runs_dir(arguments: argparse.Namespace) -> Path:
    """The folder of all runs, found without asking git.

    Raises:
        RepositoryError: there is no repository.
        UsageError: a setting of `paths` that makes no sense.
    """
    root = root_of(arguments)
    return runs_dir_from(root, config_file(arguments), os.environ, arguments.overrides)


def run_folder(arguments: argparse.Namespace, output: Output) -> RunFolder:
    """The run that a command is about; the newest one, named on stderr, where none is given.

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
    folder = find_run(runs_dir(arguments), arguments.run_id)
    if arguments.run_id is None:
        output.remark(f"run {folder.run_id}, the newest")
    return folder


def shown_path(path: Path) -> str:
    """A path as people want to see it: relative where it lies below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def root_of(arguments: argparse.Namespace) -> Path:
    """The top of the repository that a command works in. Raises RepositoryError without one."""
    start = start_of(arguments)
    root = find_root_or_bare(start)  # the runs of a bare one lie where `paths.runs_dir` says
    if root is not None:
        return root
    raise RepositoryError(
        "no git repository here",
        where=str(start.resolve()),
        advice="start in one, name one with -C, or a run's own folder with --dir",
    )
