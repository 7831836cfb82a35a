"""Entering and leaving: what the console opens, and the code that it ends with.

Owns how the run is found. Loads no models: the first screen waits for this.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.config.locations import runs_dir_from
from factory_engine.errors import RepositoryError, RunError
from factory_engine.run_folder import RunFolder
from factory_engine.runs.listing import find_run
from factory_engine.runs.whereabouts import find_root
from factory_tui.console.look import preferences
from factory_tui.console.look.preferences import Preferences
from factory_tui.console.open_repository import OpenRepository
from factory_tui.console.run.run_list import newest_live
from factory_tui.console.run.view import RunView
from factory_tui.text import exit_codes


@dataclass(frozen=True)
class Startup:
    """What the console begins with.

    Args:
        repository: where commands work.
        folder: the run to open; None for the list of runs.
        chosen: theme and signs of the last time.
        root: the repository whose configuration holds a keymap; None for none.
    """

    repository: OpenRepository
    folder: RunFolder | None = None
    chosen: Preferences = field(default_factory=Preferences)
    root: Path | None = None


def prepare_startup(
    start: Path,
    run_id: str | None,
    folder: Path | None,
    config_file: Path | None,
    overrides: Sequence[str],
    *,
    read_only: bool = False,
) -> Startup:
    """Find the run and the configuration.

    Read only, the console knows that one run and no others: whoever may look at it need not see
    the rest.

    Raises:
        RunError: there is no such run.
        RepositoryError: no repository, and no folder of a run either.
        UsageError: no run can have that id; a setting of `paths` that makes no sense.
    """
    start = Path(os.path.abspath(start))
    root = find_root(start)
    file = None if config_file is None else Path(os.path.abspath(config_file))
    runs_dir = None
    if root is not None:
        runs_dir = Path(os.path.abspath(runs_dir_from(root, file, os.environ, overrides)))
    elif folder is None:
        raise RepositoryError(
            "no git repository here", where=str(start), advice="name a run's own folder with --dir"
        )
    opened = _opened(runs_dir, run_id, folder)
    if read_only and opened is None:
        raise RunError("there is no run to look at", advice="name one with --run-id or --dir")
    repository = OpenRepository(
        start, None if read_only else runs_dir, file, tuple(overrides), read_only
    )
    return Startup(repository, opened, preferences.load(), root)


def exit_code(view: RunView) -> int:
    """The exit code that says the same as the run; 0 where none was opened."""
    if not view.state.run_id:
        return 0
    return exit_codes.of_status(view.state.status)


def _opened(runs_dir: Path | None, run_id: str | None, folder: Path | None) -> RunFolder | None:
    if folder is not None:
        found = RunFolder(Path(os.path.abspath(folder)))
        if not found.exists:
            raise RunError("there is no run in this folder", where=str(folder))
        return found
    assert runs_dir is not None
    return find_run(runs_dir, run_id) if run_id else newest_live(runs_dir)
