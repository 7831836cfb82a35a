"""The name under which the factory keeps what belongs to a repository.

Owns that name, and the look at the disk that finds what it is made of without asking git.
"""

from __future__ import annotations

import hashlib
import os
import re

OTHER_FORMAT = "-sha256"


def folder_name(common_folder: str, object_format: str = "sha1") -> str:
    """A folder name for what is kept of a repository; all its worktrees share one.

    Args:
        common_folder: where its objects, refs and config are, absolute, without links.
        object_format: `sha1` or `sha256`.
    """
    name = os.path.basename(common_folder)
    shown = os.path.basename(os.path.dirname(common_folder)) if name == ".git" else name
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", shown)[:40].strip(".") or "repository"
    end = OTHER_FORMAT if object_format == "sha256" else ""
    return f"{readable}-{hashlib.sha256(os.fsencode(common_folder)).hexdigest()[:12]}{end}"


def common_folder(root: str) -> str:
    """The common folder of the repository whose work tree, or bare repository, is at `root`.

    https://git-scm.com/docs/gitrepository-layout has `.git` as a file and `commondir`.
    """
    folder = os.path.join(root, ".git")
    if os.path.isfile(folder):
        with open(folder, "rb") as file:
            named = file.read(10_000).removeprefix(b"gitdir:").strip()
        folder = os.path.join(root, os.fsdecode(named))
    elif not os.path.isdir(folder):
        folder = root
    try:
        with open(os.path.join(folder, "commondir"), "rb") as file:
            folder = os.path.join(folder, os.fsdecode(file.read(10_000).removesuffix(b"\n")))
    except OSError:
        pass  # only a linked worktree has one
    return os.path.realpath(folder)
