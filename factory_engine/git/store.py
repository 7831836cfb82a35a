"""The factory's own object stores: one per repository for bases, one per run on top of it.

Owns where objects live and how a base gets there. Never writes into the user's `.git`, and never
borrows its objects: an alternate into it would lose the base at the user's next
`gc --prune=now`, and hard links would let a worker damage the user's objects (CVE-2024-32020).
"""

from __future__ import annotations

import asyncio
import os
import shlex
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import AsyncFileLock, Timeout

from factory_engine import storage
from factory_engine.errors import FactoryError, GitError, RepositoryError, StorageError
from factory_engine.git import hardening
from factory_engine.git.edge import storage_errors
from factory_engine.git.history import History
from factory_engine.git.index import keep_pristine
from factory_engine.git.layout import write_bare
from factory_engine.git.process import Git
from factory_engine.git.repository import Repository
from factory_engine.git.repository_name import folder_name
from factory_engine.git.store_proof import is_as_noted, note, remove_store

_LOCK_TIMEOUT_S = 900
_FETCH_TIMEOUT_S = 1800
_ASIDE = ".pruned.store."


def repository_key(repository: Repository) -> str:
    """A folder name for what the factory keeps of a repository; all its worktrees share one.

    A repository with other object ids at the same path is another one.
    """
    return folder_name(os.fspath(repository.common_dir), repository.object_format)


@dataclass(frozen=True)
class BaseStore:
    """A bare repository that keeps every base commit that a run started from.

    Args:
        path: its git directory.
        variables: further environment variables of the git that fills it.
    """

    path: Path
    variables: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, workspaces_dir: Path, repository: Repository) -> BaseStore:
        """The store of `repository` in the workspaces folder."""
        return cls(workspaces_dir / repository_key(repository) / "store.git")

    @property
    def git(self) -> Git:
        """Git on this store."""
        return Git(git_dir=self.path, pristine=self.path / "indexes")

    def has(self, commit: str) -> bool:
        """Whether `commit` was fetched completely: its ref is written only after its objects."""
        try:
            return (self.path / "refs/bases" / commit).read_text("ascii").strip() == commit
        except OSError:
            return False

    def commits(self) -> tuple[str, ...]:
        """All bases that are kept here."""
        refs = self.path / "refs/bases"
        if not refs.is_dir():
            return ()
        return tuple(sorted(ref.name for ref in refs.iterdir() if self.has(ref.name)))

    async def ensure(self, repository: Repository, commit: str) -> str:
        """Copies `commit` (a full id) and its tree from the user's repository, if not there yet.

        A store that is not as it was left is looked at in full, and made anew where it is damaged.

        Returns:
            what was mended, in words; empty where nothing was.

        Raises:
            RepositoryError: the repository cannot hand the commit over completely.
            StorageError: no room, no right to write, or another process holds the store.
        """
        if self.has(commit) and await asyncio.to_thread(is_as_noted, self.path):
            return ""
        with storage_errors("the store of base commits could not be made", self.path):
            storage.make_folder(self.path.parent)
        try:
            async with AsyncFileLock(self.path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
                return await self._ensure_alone(repository, commit)
        except Timeout:
            raise StorageError(
                "another process has been fetching a base for too long",
                where=str(self.path),
                advice="end it, then try again",
            ) from None

    async def _ensure_alone(self, repository: Repository, commit: str) -> str:
        mended = ""
        if self.path.exists() and not await asyncio.to_thread(is_as_noted, self.path):
            mended = await self._mend(repository)
        if not self.has(commit):
            write_bare(self.path, object_format=repository.object_format)
            _drop_stale_locks(self.path)
            await self._fetch(repository, commit)
            await keep_pristine(self.git, commit)
        await asyncio.to_thread(note, self.path)
        return mended

    async def _mend(self, repository: Repository) -> str:
        """Keep what is sound of a store that somebody has changed; else begin with an empty one.

        Ready-made indexes are cheap to make again, and an index can hide changes without being
        wrong about its tree. Objects are read and hashed, all of them.
        """
        commits = self.commits()
        if await self._is_sound(repository):
            with storage_errors("a kept index could not be removed", self.path):
                for index in (self.path / "indexes").glob("*"):
                    storage.disk.unlink(index)  # or it would be copied to itself
            for commit in commits:
                await keep_pristine(self.git, commit)
            return ""
        aside = self.path.with_name(f"{_ASIDE}{os.getpid()}")
        with storage_errors("the store of base commits could not be made anew", self.path):
            storage.disk.replace(self.path, aside)
            await asyncio.to_thread(remove_store, aside)
        write_bare(self.path, object_format=repository.object_format)
        for commit in commits:
            with suppress(RepositoryError):  # the user's repository may have it no more
                await self._fetch(repository, commit)
                await keep_pristine(self.git, commit)
        return "the kept copy of base was damaged and has been made anew" if commits else ""

    async def _is_sound(self, repository: Repository) -> bool:
        """Whether every object that a base needs is there, and every pack what its name says.

        What git would obey in the directory is written anew before git is asked.
        """
        try:
            write_bare(self.path, object_format=repository.object_format)
            for name in ("objects/info/alternates", "objects/info/http-alternates"):
                with suppress(FileNotFoundError):
                    storage.disk.unlink(self.path / name)
            if any(len(name) == 2 for name in os.listdir(self.path / "objects")):
                return False  # bases come as packs; nobody of ours writes a loose object here
            packs = sorted(str(pack) for pack in self.path.glob("objects/pack/*.idx"))
            refs = [f"refs/bases/{commit}" for commit in self.commits()]
            run = partial(self.git.run, timeout_s=_FETCH_TIMEOUT_S, memory_bytes=None)
            await run("verify-pack", "--", *packs)
            await run("rev-list", "--objects", "--quiet", *refs, "--")
        except (FactoryError, OSError):
            return False
        return bool(packs and refs)

    async def _fetch(self, repository: Repository, commit: str) -> None:
        git = Git(
            git_dir=self.path,
            allow_file_protocol=True,
            config=_FETCH_CONFIG,
            variables=self.variables,
        )
        try:
            await git.run(
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--no-auto-maintenance",
                f"--upload-pack={_upload_pack(repository)}",
                str(repository.common_dir),
                f"+{commit}:refs/bases/{commit}",
                timeout_s=_FETCH_TIMEOUT_S,
                memory_bytes=None,  # packing a big repository takes what it takes
            )
        except GitError as error:
            raise _not_fetched(error, repository, commit) from error


@dataclass(frozen=True)
class RunStore:
    """A run's own objects, on top of the bases.

    Args:
        path: its git directory, in the run's folder.
        base_store: where its base is kept.
        object_format: `sha1` or `sha256`.
        history: what checkouts show of the commits before base; None for nothing.
    """

    path: Path
    base_store: BaseStore
    object_format: str
    history: History | None = None

    @property
    def git(self) -> Git:
        """Git on this store; give it an index and a work tree where a command needs one."""
        return Git(
            git_dir=self.path,
            pristine=self.base_store.path / "indexes",
            variables=self.base_store.variables,
        )


async def create_run_store(
    path: Path, base_store: BaseStore, object_format: str, history: History | None = None
) -> RunStore:
    """The run's store at `path`, made or, after an interruption, opened again.

    Call `base_store.ensure` first: it costs nothing when the base is there, and fetches it again
    when somebody has emptied the workspaces folder meanwhile.

    Raises:
        StorageError: it could not be written.
    """
    write_bare(
        path,
        object_format=object_format,
        alternates=(base_store.path / "objects",),
        shallow=base_store.commits(),
    )
    return RunStore(path, base_store, object_format, history)


def _drop_stale_locks(store: Path) -> None:
    """Remove what a fetch that was killed half-way left; nobody else writes while we hold ours."""
    left = ("*.lock", "refs/bases/*.lock", "objects/pack/tmp_*")
    with storage_errors("the store of base commits could not be mended", store):
        for path in [path for pattern in left for path in store.glob(pattern)]:
            with suppress(FileNotFoundError):
                storage.disk.unlink(path)


# One pack instead of thousands of loose files, and on disk before the ref that vouches for it.
_FETCH_CONFIG = (("fetch.unpackLimit", "1"), *hardening.DURABLE)


def _upload_pack(repository: Repository) -> str:
    """The command that reads the user's repository, as the shell line that `fetch` wants.

    `fetch` clears the environment's config for it, so the few settings it needs come here: any
    commit may be asked for; it asks nobody else itself; and the ownership that `Repository.open`
    had git check under the user's own `safe.directory` is not asked about a second time.
    """
    trusted = (repository.common_dir, repository.root, repository.git_dir)
    settings = (
        "uploadpack.allowAnySHA1InWant=true",
        "protocol.allow=never",
        *(f"safe.directory={path}" for path in trusted),
    )
    return shlex.join(["git", *(word for s in settings for word in ("-c", s)), "upload-pack"])


def _not_fetched(error: GitError, repository: Repository, commit: str) -> RepositoryError:
    where = str(repository.root)
    if "dubious ownership" in str(error):
        return RepositoryError(f"git does not trust this repository: {error.what}", where=where)
    return RepositoryError(
        f"commit {commit[:12]} could not be copied completely ({error.what})",
        where=where,
        advice="if this is a partial clone, fetch the missing files with `git checkout` of that"
        " commit, else look at `git fsck`",
    )
