"""Git: the factory's steps beside the barest git commands that could do them.

`FACTORY_BENCH_REPOSITORY` names a repository to measure on; without it a synthetic one is made.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from factory_engine.checkouts.collect import CollectLimits, collect
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.checkouts.workspace import create_workspace
from factory_engine.git import diff
from factory_engine.git.apply import apply_patch
from factory_engine.git.merge import merge_trees
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore, RunStore, create_run_store
from tests.bench.measure import Row, both, command
from tests.support.repositories import git, make_repository

FILES = 2_120
WORKERS = "ABCD"
CHANGED = 100


def rows(folder: Path) -> Iterator[Row]:
    """Workspaces, collecting, judging and merging."""
    root = _repository(folder)
    size = len(git(root, "ls-files").splitlines())
    base = git(root, "rev-parse", "HEAD")
    store = asyncio.run(_store(root, base, folder))
    yield from _checkouts(root, base, store, folder, size)
    yield from _changes(root, base, store, folder, size)


def _repository(folder: Path) -> Path:
    given = os.environ.get("FACTORY_BENCH_REPOSITORY")
    if given:
        clone = folder / "given"
        git(folder, "clone", "-q", "--no-hardlinks", given, str(clone))
        return clone
    text = "".join(f"line {number}\n" for number in range(120))
    names = (f"{WORKERS[n % 4]}/{n % 40}/{n}.txt" for n in range(FILES))
    return make_repository(folder / "made", {name: f"{name}\n{text}" for name in names})


async def _store(root: Path, base: str, folder: Path) -> RunStore:
    repository = await Repository.open(root)
    base_store = BaseStore(folder / "store.git")
    await base_store.ensure(repository, base)
    return await create_run_store(folder / "run.git", base_store, repository.object_format)


def _checkouts(root: Path, base: str, store: RunStore, folder: Path, size: int) -> Iterator[Row]:
    turn = itertools.count()

    async def four() -> None:
        number = next(turn)
        async with asyncio.TaskGroup() as group:
            for worker in WORKERS:
                path = folder / f"ours-{number}" / worker
                group.create_task(create_workspace(store, base, path, path.with_suffix(".index")))
        remove_workspace(folder / f"ours-{number}")

    def worktrees() -> None:
        number = next(turn)
        for worker in WORKERS:
            path = folder / f"worktree-{number}-{worker}"
            subprocess.run(
                ["git", "worktree", "add", "-q", "--detach", str(path), base], cwd=root, check=True
            )
            shutil.rmtree(path)
        subprocess.run(["git", "worktree", "prune"], cwd=root, check=True)

    ours, floor = both(lambda: asyncio.run(four()), worktrees, rounds=3)
    yield Row(f"4 workspaces of {size:,} files", ours, floor, "git worktree add, 4 times")


def _changes(root: Path, base: str, store: RunStore, folder: Path, size: int) -> Iterator[Row]:
    place, index = folder / "changed", folder / "changed.index"
    asyncio.run(create_workspace(store, base, place, index))
    names = [path for path in sorted(place.rglob("*.*")) if path.is_file()][:CHANGED]
    for path in (path for path in names if ".git/" not in str(path)):
        path.write_bytes(path.read_bytes() + b"changed\n")
    limits = CollectLimits(max_files=10_000, max_file_bytes=10_000_000)

    async def ours() -> tuple[str, bytes]:
        tree = (await collect(store, place, index, base, limits)).tree
        return tree, await diff.patch(store.git, base, tree)

    bare = command(
        ["sh", "-c", f"git add -A && git diff --cached --binary {base} >../bare.patch"], place
    )
    figure, floor = both(lambda: asyncio.run(ours()), bare, rounds=5)
    yield Row(f"collect {CHANGED} changed of {size:,}", figure, floor, "add -A, diff --cached", 1.3)
    tree, patch = asyncio.run(ours())
    (folder / "one.patch").write_bytes(patch)
    scratch = folder / "scratch.index"
    environment = f"GIT_DIR={shlex.quote(str(store.path))} GIT_INDEX_FILE=bare.index"
    bare = command(
        ["sh", "-c", f"{environment} sh -c 'git read-tree {base}; git apply --cached one.patch'"],
        folder,
    )
    figure, floor = both(
        lambda: asyncio.run(apply_patch(store.git, base, patch, scratch)), bare, rounds=5
    )
    yield Row("apply one patch and take its tree", figure, floor, "read-tree, apply --cached", 1.5)
    sides = [(worker, tree) for worker in WORKERS]
    bare = command(
        [
            "sh",
            "-c",
            f"export GIT_DIR={shlex.quote(str(store.path))}; "
            f"for i in 1 2 3; do git merge-tree --write-tree {base} {base}; done",
        ],
        folder,
    )
    figure, floor = both(lambda: asyncio.run(merge_trees(store.git, base, sides)), bare, rounds=5)
    yield Row("merge four contributions", figure, floor, "merge-tree, 3 times")
