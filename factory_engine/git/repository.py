"""The user's repository, found and questioned, strictly read-only.

Owns the answers to where it is, what a ref means and what state it is in. Never writes anything
below it, its index's stat cache included, and never runs its hooks, monitors or filters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from factory_engine.errors import GitError, RepositoryError
from factory_engine.git.conditions import RepositoryConditions, examine
from factory_engine.git.edge import storage_errors
from factory_engine.git.hardening import DURABLE
from factory_engine.git.process import Git, readable

_LONGEST_NAME = 8192
_LARGEST_CONFIG = 1 << 20
_WORK_TREE = re.compile(rb'^[ \t]*worktree[ \t]*=[ \t]*"?([^"\r\n]+?)"?[ \t]*\r?$', re.I | re.M)


@dataclass(frozen=True)
class Repository:
    """A repository that git recognises and trusts.

    Args:
        root: top of the work tree, without symbolic links; the git directory if it is bare.
        git_dir: its own git directory; of a linked worktree the one below `worktrees/`.
        common_dir: where objects, refs and config are.
        object_format: `sha1` or `sha256`.
        bare: it has no work tree.
        shallow: history is cut off.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    object_format: str
    bare: bool
    shallow: bool

    @classmethod
    async def open(cls, start: Path) -> Repository:
        """The repository that `start` lies in, by git's own search, whatever GIT_DIR says.

        Raises:
            RepositoryError: there is none, git does not trust it, or `start` is inside a `.git`.
        """
        _must_be_folder(start)
        # The user's own config is looked at here and only here, because `safe.directory` counts in
        # no other place; later calls name the git directory and are not asked about ownership.
        git = Git(git_dir=None, cwd=start).with_user_config()
        try:
            facts = (await git.run(*_FACTS)).stdout
        except GitError as error:
            raise await _why_not(git, start) from error
        bare, inside_git_dir, shallow, object_format, folder = facts.split(b"\n", 4)
        git_dir = Path(os.fsdecode(folder.removesuffix(b"\n")))
        if inside_git_dir == b"true" and bare == b"false":
            raise RepositoryError(
                "this folder is inside a .git", where=str(start), advice="go to the work tree"
            )
        return cls(
            root=git_dir if bare == b"true" else await _top(git, start),
            git_dir=git_dir,
            common_dir=_common_dir(git_dir),
            object_format=object_format.decode("ascii"),
            bare=bare == b"true",
            shallow=shallow == b"true",
        )

    def other_work_trees(self) -> list[Path]:
        """The work trees beside this one: linked ones, and the main one if this one is linked.

        Source: gitrepository-layout(5), `worktrees/<id>/gitdir`; git-config(1), `core.worktree`,
        which the main one has where its git directory is elsewhere. Reads small files, starts
        nothing.
        """
        work_trees = self._main_work_tree() if self.git_dir != self.common_dir else []
        for name in sorted(self.common_dir.glob("worktrees/*/gitdir")):
            with suppress(OSError, ValueError):
                text = os.fsdecode(name.read_bytes()[:_LONGEST_NAME]).strip()
                work_trees.append((name.parent / text).parent.resolve())
        return [path for path in dict.fromkeys(work_trees) if path != self.root]

    def _main_work_tree(self) -> list[Path]:
        found = [self.common_dir.parent] if self.common_dir.name == ".git" else []
        for name in ("config", "config.worktree"):
            with suppress(OSError, ValueError):
                text = (self.common_dir / name).read_bytes()[:_LARGEST_CONFIG]
                for named in _WORK_TREE.findall(text):
                    found.append((self.common_dir / os.fsdecode(named)).resolve())
        return found

    @property
    def git(self) -> Git:
        """Git for reading from it; should an operator have something written, durably."""
        work_tree = None if self.bare else self.root
        return Git(git_dir=self.git_dir, work_tree=work_tree, config=DURABLE)

    async def resolve_commit(self, ref: str) -> str:
        """The full id of the commit that `ref` names.

        Raises:
            RepositoryError: it names none, or there is no commit at all.
        """
        if ref and "\0" not in ref:
            # `--end-of-options`: a ref may be named like an option.
            asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            answer = await self.git.run(*asked, ok=(0, 1, 128))
            if answer.rc == 0:
                return answer.line
        if not (await self.git.run("rev-list", "--all", "--max-count=1", ok=(0, 128))).stdout:
            raise RepositoryError(
                "the repository has no commit yet",
                where=str(self.root),
                advice="make a first commit",
            )
        raise RepositoryError(
            f"{readable(ref.encode('utf-8', 'surrogateescape'))!r} names no commit",
            where=str(self.root),
            advice="give a branch, a tag or a commit id",
        )

    async def conditions(self, base: str, *, excluded: Sequence[Path] = ()) -> RepositoryConditions:
        """What a run that starts from commit `base` should know about the repository's state.

        Args:
            base: full id of a commit.
            excluded: folders inside the work tree to leave out, such as the runs folder.
        """
        relative = [folder.relative_to(self.root) for folder in excluded if self._holds(folder)]
        return await examine(self.git, self.common_dir, base, relative)

    def _holds(self, folder: Path) -> bool:
        return folder != self.root and folder.is_relative_to(self.root)


_FACTS = (
    "rev-parse",
    "--path-format=absolute",
    "--is-bare-repository",
    "--is-inside-git-dir",
    "--is-shallow-repository",
    "--show-object-format",
    # Last, because a path may hold a newline.
    "--git-dir",
)


def _must_be_folder(start: Path) -> None:
    if not start.is_dir():
        raise RepositoryError("no such folder", where=str(start))


async def _top(git: Git, start: Path) -> Path:
    try:
        return Path((await git.run("rev-parse", "--show-toplevel")).line)
    except GitError as error:
        raise RepositoryError(error.what, where=str(start)) from error


def _common_dir(git_dir: Path) -> Path:
    """Follows `commondir`, which a linked worktree's has (gitrepository-layout(5))."""
    pointer = git_dir / "commondir"
    with storage_errors("the repository could not be read", pointer):
        if not pointer.is_file():
            return git_dir
        return (git_dir / os.fsdecode(pointer.read_bytes().removesuffix(b"\n"))).resolve()


async def _why_not(git: Git, start: Path) -> RepositoryError:
    said = (await git.run("rev-parse", "--git-dir", ok=(0, 1, 128))).stderr
    if b"dubious ownership" in said:
        own_words = next((line for line in said.splitlines() if b"safe.directory" in line), b"")
        return RepositoryError(
            "git does not trust this repository, it belongs to another user",
            where=str(start),
            advice=f"if you do, run: {readable(own_words.strip())}",
        )
    if b"not a git repository" in said:
        return RepositoryError(
            "no git repository here",
            where=str(start),
            advice="go to one, or make one with `git init` and a first commit",
        )
    first = said.splitlines()[0] if said else b"git gave no reason"
    return RepositoryError(f"git cannot open it: {readable(first)}", where=str(start))
