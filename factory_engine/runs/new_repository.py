"""A repository made from files that lie in a folder: what the demo starts from.

Owns that one commit. Never touches a repository that exists.
"""

from __future__ import annotations

from pathlib import Path

from factory_engine.git.process import Git

AUTHOR = ("Sample", "sample@example.org")
DATE = "2026-01-01T00:00:00Z"


async def make_repository(folder: Path, message: str) -> None:
    """Make `folder` a repository with everything in it as one commit, the same on each machine.

    Raises:
        RepositoryError: there is no git.
    """
    name, email = AUTHOR
    variables = tuple(
        (f"GIT_{role}_{what}", value)
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", email), ("DATE", DATE))
    )
    git = Git(folder / ".git", work_tree=folder).with_variables(*variables)
    await git.run("init", "--quiet", "--template=", "--initial-branch=main")
    await git.run("add", "--all")
    await git.run("commit", "--quiet", "--message", message)
