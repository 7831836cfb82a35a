"""A repository with a run's store and workspaces on top, as the stages would have them.

Owns the set-up that the tests of this folder share.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from factory_engine.checkouts.collect import Collected, CollectLimits, collect
from factory_engine.checkouts.workspace import create_workspace
from factory_engine.git.process import Git
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore, RunStore, create_run_store
from tests.support.repositories import Files, git, isolated_environment, make_repository

LIMITS = CollectLimits(max_files=1000, max_file_bytes=100_000)


@dataclass(frozen=True)
class Workbench:
    """A user's repository, its base commit and the stores that a run would use."""

    folder: Path
    repository: Repository
    base: str
    store: RunStore

    @property
    def git(self) -> Git:
        return self.store.git

    def index(self, worker: str = "A") -> Path:
        return self.folder / "run" / f"{worker}.index"

    async def workspace(self, worker: str = "A") -> Path:
        path = self.folder / "spaces" / worker
        await create_workspace(self.store, self.base, path, self.index(worker))
        return path

    async def collect(self, workspace: Path, limits: CollectLimits = LIMITS) -> Collected:
        return await collect(self.store, workspace, self.index(workspace.name), self.base, limits)

    async def tree_of(self, files: Files, *, gone: tuple[str, ...] = ()) -> str:
        """The tree of base with `files` written over it and `gone` removed."""
        scratch = self.folder / "scratch"
        index = self.folder / "scratch.index"
        made = self.git.with_index(index).with_work_tree(scratch)
        scratch.mkdir(exist_ok=True)
        await made.run("read-tree", self.base)
        for name in gone:
            await made.run("update-index", "--force-remove", "--", name)
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            oid = (await made.run("hash-object", "-w", "--stdin", stdin=data)).line
            entry = b"100644 %s\t%s\0" % (oid.encode(), os.fsencode(path))
            await made.run("update-index", "-z", "--index-info", stdin=entry)
        return (await made.run("write-tree")).line

    def show(self, tree: str, path: str) -> str:
        return git(self.store.path, "cat-file", "blob", f"{tree}:{path}")


async def workbench(
    folder: Path, files: Files, *, object_format: str = "sha1", name: str = "project"
) -> Workbench:
    root = make_repository(folder / name, files, object_format=object_format)
    return await workbench_on(folder, root)


async def workbench_on(folder: Path, root: Path) -> Workbench:
    repository = await Repository.open(root)
    base = await repository.resolve_commit("HEAD")
    base_store = BaseStore.of(folder / "cache", repository)
    await base_store.ensure(repository, base)
    store = await create_run_store(folder / "run" / "git", base_store, repository.object_format)
    return Workbench(folder, repository, base, store)


def tree_by_git_itself(workspace: Path, base: str, store: RunStore, scratch: Path) -> str:
    """What `git add --all` and `write-tree` make of the files in `workspace`, done elsewhere."""
    environment = isolated_environment() | {
        "GIT_DIR": str(store.path),
        "GIT_WORK_TREE": str(workspace),
        "GIT_INDEX_FILE": str(scratch),
    }
    for command in (["read-tree", base], ["add", "--all"], ["write-tree"]):
        done = subprocess.run(
            ["git", *command], cwd=workspace, env=environment, capture_output=True, check=True
        )
    return done.stdout.decode().strip()
