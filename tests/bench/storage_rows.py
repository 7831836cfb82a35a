"""Copy-on-write checkouts: what they cost at two sizes of a repository, beside plain git.

A small repository and a large one, so that what grows with the size shows. Where no overlay can be
mounted there is nothing to measure.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from factory_engine.checkouts.collect import CollectLimits
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layers import Layers
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.provider import Checkout, Checkouts
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore, RunStore, create_run_store
from factory_engine.sandbox import mounting
from tests.bench.measure import Row, both, command
from tests.support.repositories import git, make_repository

SMALL, LARGE = 2_120, 50_000
CHANGED = 100
_IN_A_FOLDER = 20
_IN_EACH = 5
WORKERS = "ABCD"
_LIMITS = CollectLimits(max_files=10_000, max_file_bytes=10_000_000)
_TEXT = "".join(f"line {number}\n" for number in range(60))


def rows(folder: Path) -> Iterator[Row]:
    """Workspaces, Z's checkout, collecting and layers; each large one beside a small one."""
    if not mounting(folder, folder).overlay:
        return
    small, large = (Place(folder / str(files), files) for files in (SMALL, LARGE))
    yield from _workspaces(small, large)
    yield from _merged_checkout(large)
    yield from _collecting(small, large)
    yield from _next_base(large)


def synthetic(folder: Path, files: int) -> Path:
    """A repository of `files` small files, of which none is checked out.

    A larger one has more folders, not fuller ones, as repositories grow: none holds over 25 names.
    """
    make_repository(folder, {})
    text = ["commit refs/heads/main\ncommitter T <t@example.org> 1700000000 +0000\ndata 4\nbase\n"]
    for number in range(files):
        group = number // _IN_A_FOLDER
        name = f"{WORKERS[group % 4]}/{group // 100}/{group}/{number}.txt"
        content = f"{name}\n{_TEXT}"
        text.append(f"M 644 inline {name}\ndata {len(content)}\n{content}\n")
    import_history(folder, "".join(text))
    return folder


def import_history(root: Path, text: str) -> None:
    """Commits as git's fast-import takes them; a hundred times faster than by way of files."""
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=root, input=text.encode(), check=True, capture_output=True)


class Place:
    """A repository with a kept checkout of its base.

    Args:
        folder: where everything of it lies.
        files: how many the repository has.
    """

    def __init__(self, folder: Path, files: int) -> None:
        self.folder, self.files = folder, files
        self.root = synthetic(folder / "repository", files)
        self.base = git(self.root, "rev-parse", "HEAD")
        self.store = asyncio.run(self._store(self.base))
        self._turn = itertools.count()
        asyncio.run(self.checkouts().of(folder / "first", folder / "first.index"))

    async def _store(self, base: str) -> RunStore:
        repository = await Repository.open(self.root)
        base_store = BaseStore(self.folder / "store.git")
        await base_store.ensure(repository, base)
        return await create_run_store(self.folder / "run.git", base_store, repository.object_format)

    def checkouts(self, base: str = "") -> Checkouts:
        """As a new run has them: nothing is proven yet."""
        layers = Layers(LayerCache(self.folder / "layers"))
        return Checkouts(
            self.store, base or self.base, "overlay", layers, Pool(self.folder / "pool")
        )

    def fresh(self) -> Path:
        """A folder that is not there yet."""
        return self.folder / "places" / str(next(self._turn))

    async def made(self, checkouts: Checkouts, tree: str = "") -> Checkout:
        """A workspace, or the checkout of a tree for a check."""
        place = self.fresh()
        checkout = await checkouts.of(place, place.with_suffix(".index"))
        if tree:
            await checkouts.make_tree(checkout, tree)
        else:
            await checkouts.make_base(checkout)
        return checkout

    def four(self, checkouts: Checkouts) -> None:
        """A workspace for each worker, at once."""

        async def make() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in WORKERS:
                    group.create_task(self.made(checkouts))

        asyncio.run(make())

    @functools.cached_property
    def plain_ms(self) -> float:
        """What one plain checkout takes; seconds, so it is taken once."""
        tree = self.folder / "plain"
        started = time.perf_counter()
        git(self.root, "worktree", "add", "-q", "--detach", str(tree), "main")
        taken = (time.perf_counter() - started) * 1000
        git(self.root, "worktree", "remove", "--force", str(tree))
        return taken

    def sweep(self) -> None:
        """Away with what was measured; the time for that is no part of it."""
        shutil.rmtree(self.folder / "places", ignore_errors=True)


def _workspaces(small: Place, large: Place) -> Iterator[Row]:
    keeps = [place.checkouts() for place in (large, small)]
    # the warm-up proves the layers, as a run does once
    ours, floor = both(lambda: large.four(keeps[0]), lambda: small.four(keeps[1]), rounds=15)
    yield Row(f"4 workspaces, {LARGE:,} files", ours, floor, f"the same, {SMALL:,}", 1.3)
    for place, taken in ((small, floor), (large, ours)):
        what = f"4 workspaces of a kept base, {place.files:,} files"
        yield Row(what, taken, 4 * place.plain_ms, "git worktree add, 4 times", bar_ms=60)
    bare = command(["find", ".", "-size", "1"], large.folder / "layers")
    ours, floor = both(lambda: _prove(large), bare, rounds=5)
    yield Row(f"proof of a kept base, {LARGE:,} files", ours, floor, "find, which looks at each")
    large.sweep()
    small.sweep()


def _prove(place: Place) -> None:
    asyncio.run(place.checkouts().of(place.fresh(), place.folder / "none"))


def _merged_checkout(place: Place) -> Iterator[Row]:
    """As Z has it: the files of four workers over base."""
    tree = asyncio.run(_changed_tree(place))
    kept = place.checkouts()

    def made() -> None:
        asyncio.run(place.made(kept, tree))

    ours, _ = both(made, lambda: None, rounds=9)
    what = f"Z's checkout, {CHANGED} changed of {place.files:,}"
    yield Row(what, ours, place.plain_ms, "git worktree add", bar_ms=100)
    place.sweep()


async def _changed_tree(place: Place) -> str:
    checkouts = place.checkouts()
    return (await checkouts.collect(await _worked_in(place, checkouts), _LIMITS)).tree


async def _worked_in(place: Place, checkouts: Checkouts) -> Checkout:
    """A workspace with changed files, as a copy-up of the kernel leaves them: a few a folder."""
    checkout = await place.made(checkouts)
    below = checkout.layers[0].tree
    folders = sorted({path.parent for path in below.rglob("*.txt")})
    chosen = folders[:: len(folders) * _IN_EACH // CHANGED][: CHANGED // _IN_EACH]
    paths = [path for folder in chosen for path in sorted(folder.iterdir())[:_IN_EACH]]
    assert len(paths) == CHANGED
    for name in (path.relative_to(below) for path in paths):
        path = checkout.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((below / name).read_bytes() + b"changed\n")
    return checkout


def _collecting(small: Place, large: Place) -> Iterator[Row]:
    async def prepared(place: Place) -> tuple[Checkouts, Checkout]:
        checkouts = place.checkouts()
        return checkouts, await _worked_in(place, checkouts)

    (one, of_small), (two, of_large) = (asyncio.run(prepared(p)) for p in (small, large))
    ours, floor = both(
        lambda: asyncio.run(two.collect(of_large, _LIMITS)),
        lambda: asyncio.run(one.collect(of_small, _LIMITS)),
        rounds=15,
    )
    yield Row(
        f"collect {CHANGED} changed of {LARGE:,}", ours, floor, f"{CHANGED} of {SMALL:,}", 1.3
    )
    small.sweep()
    large.sweep()


def _next_base(place: Place) -> Iterator[Row]:
    """A commit that differs in a few files: its layer, beside one that is made of nothing."""
    commits = []
    for number in range(4):
        import_history(
            place.root,
            "commit refs/heads/main\ncommitter T <t@example.org> 1700000000 +0000\ndata 4\nnext\n"
            f"from refs/heads/main^0\nM 644 inline A/0/0/0.txt\ndata 1\n{number}\n",
        )
        commits.append(git(place.root, "rev-parse", "main"))

    async def stored() -> None:
        repository = await Repository.open(place.root)
        for commit in commits:
            await place.store.base_store.ensure(repository, commit)

    asyncio.run(stored())
    left = iter(commits)

    def near() -> None:
        asyncio.run(place.checkouts(next(left)).of(place.fresh(), place.folder / "none"))

    def anew() -> None:
        with tempfile.TemporaryDirectory(dir=place.folder) as folder:
            layers = Layers(LayerCache(Path(folder)))
            asyncio.run(layers.stack(place.store, place.base))

    ours, floor = both(near, anew, rounds=3)
    yield Row(f"layer of the next base, {place.files:,} files", ours, floor, "a layer anew", 0.2)
    remove_workspace(place.folder / "layers")
