"""Where a listing works: the repository and the folder of all runs, as plain text.

Owns the same as `targets`, which is built on it, without what is slow to load.
"""

from __future__ import annotations

import os

from factory_engine.errors import RepositoryError, UsageError
from factory_engine.runs import whereabouts

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def start_of(arguments: argparse.Namespace) -> str:
    """The folder that a command starts in. Raises UsageError where there is none."""
    start: str = os.fspath(arguments.start)
    if not os.path.isdir(start):
        raise UsageError("no such folder", where=f"-C {start}")
    return start


def root_of(arguments: argparse.Namespace) -> str:
    """The top of the repository that a command works in. Raises RepositoryError without one."""
    start = start_of(arguments)
    root = whereabouts.root_or_bare(start)  # a bare one's runs lie where `paths.runs_dir` says
    if root is None:
        raise RepositoryError(
            "no git repository here",
            where=os.path.realpath(start),
            advice="start in one, name one with -C, or a run's own folder with --dir",
        )
    return root


def runs_dir(arguments: argparse.Namespace) -> str:
    """The folder of all runs. Raises as `root_of`; UsageError for a wrong setting of `paths`."""
    root, file = root_of(arguments), _config_file(arguments)
    return whereabouts.runs_folder(root, file, os.environ, arguments.overrides)


def kept_bytes(arguments: argparse.Namespace) -> int:
    """What the kept workspaces of the repository take. Raises as `runs_dir`."""
    root, file = root_of(arguments), _config_file(arguments)
    return whereabouts.kept_bytes(root, file, os.environ, arguments.overrides)


def _config_file(arguments: argparse.Namespace) -> Path | None:
    if arguments.config is None:
        return None
    found: Path = arguments.start / arguments.config
    return found
