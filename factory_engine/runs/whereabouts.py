"""Where a command works, found without asking git: the repository around a folder.

Owns the quick look that front ends need. Light: used before anything else of the engine.
"""

from __future__ import annotations

from pathlib import Path

from factory_engine.git.locate import locate


def find_root(start: Path) -> Path | None:
    """The top of the work tree around `start`; None where there is none."""
    return locate(start)


def find_root_or_bare(start: Path) -> Path | None:
    """As `find_root`; outside of a work tree, the bare repository that holds `start`."""
    root = locate(start)
    if root is not None:
        return root
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return folder
    return None
