"""Where a command works, found without asking git: the repository, its runs, what it keeps.

Owns the quick look that front ends need. Light: what is slow to load is loaded only where a setting
asks for it.
"""

from __future__ import annotations

import json
import os
import sys

from factory_engine.config.paths import APPLICATION, CONFIG_FILE, RUNS_DIR
from factory_engine.plain_file import first_link, read_below

TYPE_CHECKING = False  # importing typing, or pathlib, costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def find_root(start: Path) -> Path | None:
    """As `root_above`, as a path."""
    found = root_above(os.fspath(start))
    return None if found is None else type(start)(found)


def root_above(start: str) -> str | None:
    """The nearest folder at or above `start` that holds a `.git`; None when there is none.

    A `.git` file counts (linked worktrees and submodules have one); an empty folder of that name
    does not, as git passes over it too.
    """
    folder = os.path.realpath(start)
    while True:
        marker = os.path.join(folder, ".git")
        head = os.path.join(marker, "HEAD")
        if os.path.isfile(marker) or os.path.islink(head) or os.path.isfile(head):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def root_or_bare(start: str) -> str | None:
    """The top of the work tree around `start`, else the bare repository that holds it."""
    root = root_above(start)
    if root is not None:
        return root
    folder = os.path.realpath(start)
    while not (os.path.isfile(f"{folder}/HEAD") and os.path.isdir(f"{folder}/objects")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def runs_folder(
    root: str, config_file: Path | None, environment: Mapping[str, str], overrides: Sequence[str]
) -> str:
    """The folder of all runs of the repository at `root`.

    Raises:
        UsageError: a setting of `paths` that makes no sense.
    """
    usual = os.path.join(root, *RUNS_DIR.split("/"))
    if _usual_paths(root, config_file, environment, overrides) and not first_link(root, usual):
        return usual
    from pathlib import Path

    from factory_engine.config.locations import runs_dir_from

    return os.fspath(runs_dir_from(Path(root), config_file, environment, overrides))


def kept_bytes(
    root: str, config_file: Path | None, environment: Mapping[str, str], overrides: Sequence[str]
) -> int:
    """The bytes of the workspaces that are kept for the runs of the repository at `root`.

    Raises:
        UsageError: a setting of `paths` that makes no sense.
    """
    cache = environment.get("XDG_CACHE_HOME", "").strip() or f"{environment.get('HOME', '')}/.cache"
    usual = _usual_paths(root, config_file, environment, overrides)
    if usual and sys.platform == "linux" and os.path.isabs(cache):
        workspaces = f"{cache}/{APPLICATION}/workspaces"
    else:
        from pathlib import Path

        from factory_engine.config.locations import workspaces_dir_from

        configured = workspaces_dir_from(Path(root), config_file, environment, overrides)
        workspaces = os.fspath(configured)
    try:
        with os.scandir(workspaces) as entries:
            if not any(os.path.isdir(f"{entry.path}/runs") for entry in entries):
                return 0  # no repository keeps any, as is usual
    except OSError:
        return 0
    from factory_engine.git.repository_name import OTHER_FORMAT, common_folder, folder_name

    kept = f"{workspaces}/{folder_name(common_folder(root))}"
    return size_of(f"{kept}/runs") + size_of(f"{kept}{OTHER_FORMAT}/runs")


def common_folder(root: str) -> str:
    """The common folder of the repository at `root`, by which its own runs are known."""
    from factory_engine.git.repository_name import common_folder as found

    return found(root)


def size_of(folder: str) -> int:
    """The bytes of all files below `folder`; 0 where there is no such folder."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue  # it has just been removed
    return total


def _usual_paths(
    root: str, config_file: Path | None, environment: Mapping[str, str], overrides: Sequence[str]
) -> bool:
    """Whether nothing can put runs or workspaces anywhere but where they usually lie."""
    if config_file is not None or overrides:
        return False
    if any(name.upper().startswith("FACTORY_PATHS") for name in environment):
        return False
    try:
        return "paths" not in json.loads(read_below(root, CONFIG_FILE.split("/"), 1_000_000))
    except FileNotFoundError:
        return True
    except (OSError, ValueError, TypeError, RecursionError):
        return False  # the ordinary reading says what is wrong with it
