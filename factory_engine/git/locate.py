"""Where the work tree around a folder begins.

Owns the quick look that read-only commands need. Starts no process and imports nothing heavy; git
itself is asked, in `repository`, before anything depends on the answer.
"""

from __future__ import annotations

from pathlib import Path


def locate(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds a `.git`; None when there is none.

    A `.git` file counts (linked worktrees and submodules have one); an empty folder of that name
    does not, as git passes over it too.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        marker = folder / ".git"
        try:
            if marker.is_file() or (marker / "HEAD").is_symlink() or (marker / "HEAD").is_file():
                return folder
        except OSError:
            continue
    return None
