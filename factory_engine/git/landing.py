"""The operator's wish carried out: a patch as a commit on a new branch of the user's repository.

Owns the only git commands that write there. HEAD, index and work tree stay as they are.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from factory_engine.clock import Clock
from factory_engine.errors import GitError, RepositoryError
from factory_engine.git.apply import apply_patch
from factory_engine.git.repository import Repository


async def land(
    repository: Repository, base: str, patch: bytes, branch: str, message: str, clock: Clock
) -> tuple[str, str]:
    """Commit `patch` on top of `base` as the tip of a new branch.

    Args:
        repository: the user's repository.
        base: the full id of the commit that the patch was made from.
        patch: a git patch.
        branch: the new branch's name, without `refs/heads/`.
        message: of the commit; its author is whom the user's git configuration names.
        clock: gives the commit's date.

    Returns:
        the commit and its tree.

    Raises:
        RepositoryError: tracked files differ from HEAD, the name is taken or none, the patch does
            not apply.
    """
    await _require_clean(repository)
    await _require_free(repository, branch)
    with tempfile.TemporaryDirectory(prefix="factory-apply-") as folder:
        applied = await apply_patch(repository.git, base, patch, Path(folder) / "index")
    if applied.tree is None or applied.offsets:
        raise RepositoryError(
            f"the patch does not apply to {base[:12]}: {applied.rejection}",
            advice="has base been removed from the repository?",
        )
    git = repository.git.with_variables(*await _identity(repository, clock))
    made = await git.run("commit-tree", applied.tree, "-p", base, "-F", "-", stdin=message.encode())
    try:
        # the empty old value means: only if it does not exist
        await git.run("update-ref", f"refs/heads/{branch}", made.line, "")
    except GitError as error:
        raise RepositoryError(error.what, where=branch, advice="name another branch") from error
    return made.line, applied.tree


async def _require_clean(repository: Repository) -> None:
    if repository.bare:
        return
    # with the user's own settings: line endings and filters decide what counts as changed
    status = await repository.git.with_user_config().run(
        "status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all"
    )
    if status.stdout:
        first = os.fsdecode(status.stdout.split(b"\0")[0][3:])
        raise RepositoryError(
            "the work tree has uncommitted changes",
            where=first,
            advice="commit or stash them first",
        )


async def _require_free(repository: Repository, branch: str) -> None:
    git = repository.git
    if (await git.run("check-ref-format", "--branch", branch, ok=None)).rc != 0:
        raise RepositoryError("no name for a branch", where=branch, advice="name another")
    ref = f"refs/heads/{branch}"
    if (await git.run("show-ref", "--verify", "--quiet", ref, ok=None)).rc == 0:
        raise RepositoryError(
            "the branch exists already", where=branch, advice="name another with --branch"
        )


async def _identity(repository: Repository, clock: Clock) -> list[tuple[str, str]]:
    """Author and committer as the user's own configuration has them, and the time."""
    date = f"{clock.now_us() // 1_000_000} +0000"
    variables = [("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)]
    git = repository.git.with_user_config()
    for key, names in (
        ("user.name", ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME")),
        ("user.email", ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")),
    ):
        answer = await git.run("config", "--get", key, ok=(0, 1))
        if answer.rc == 0 and answer.line:
            variables += [(name, answer.line) for name in names]
    return variables
