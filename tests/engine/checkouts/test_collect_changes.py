"""What is collected from an overlay's upper folder against a full collection of the same files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.checkouts.collect import collect
from factory_engine.checkouts.inspection import Collected, CollectLimits
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layers import Layers
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.provider import Checkout, Checkouts
from factory_engine.git.index import seed_index
from factory_engine.sandbox import Confinement, View, mounting, wrap
from factory_engine.sandbox.layer import NONE
from tests.support import random_edits
from tests.support.repositories import git, make_repository
from tests.support.workbench import LIMITS, Workbench, workbench, workbench_on

EDITS = Path(random_edits.__file__)
BASE: dict[str, str | bytes] = {
    "README.md": "one\ntwo\n",
    "a": "a\n",
    "src/a": "a\n",
    "src/b/c.txt": "c\n",
    "src/b/deep/keep": "kept\n",
    "src/b/deep/x y": "blank\n",
    "build/out": "tracked although it is ignored\n",
    "logs/old.log": "tracked although it is ignored\n",
    "deep/.gitignore": "*.txt\n!keep\n",
    "deep/deep/.gitignore": "/a\n",
    "deep/deep/b": "b\n",
    "x y/é": "odd\n",
    ".gitignore": "*.log\nbuild/\n",
}
LARGE = CollectLimits(max_files=100_000, max_file_bytes=100_000)


@pytest.fixture
def possible(tmp_path: Path) -> None:
    found = mounting(tmp_path / "trial", tmp_path / "trial")
    if not found.overlay:
        pytest.skip(f"no overlay can be mounted here: {found.missing}")


class Overlaid:
    """One overlay of base, in which programs can be run."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.at = bench.folder / "at"
        self.at.mkdir(exist_ok=True)
        layers = Layers(LayerCache(bench.folder / "layers"))
        pool = Pool(bench.folder / "pool")
        self.maker = Checkouts(bench.store, bench.base, "overlay", layers, pool)
        self.checkout: Checkout

    async def make(self, name: str) -> None:
        self.checkout = await self.maker.of(self.bench.folder / name, self.bench.index(name))
        await self.maker.make_base(self.checkout)

    def run(self, *argv: str) -> None:
        one = self.checkout
        view = View(self.at, one.top, one.lowers, one.scratch)
        command = wrap(argv, Confinement(), NONE, view=view, cwd=self.at, search=os.environ["PATH"])
        done = subprocess.run(
            command, cwd=self.at, capture_output=True, encoding="utf-8", errors="replace"
        )
        assert done.returncode == 0, done.stderr

    async def collect(self, limits: CollectLimits = LIMITS) -> Collected:
        return await self.maker.collect(self.checkout, limits)

    async def collect_all(self, name: str, limits: CollectLimits = LIMITS) -> Collected:
        """The same by way of a plain copy of what is seen."""
        copy = self.bench.folder / f"{name}-copy"
        self.run("cp", "-a", f"{self.at}/.", str(copy))
        index = self.bench.index(f"{name}-copy")
        await seed_index(self.bench.git, self.bench.base, index)
        return await collect(self.bench.store, copy, index, self.bench.base, limits)


async def overlaid(tmp_path: Path) -> Overlaid:
    root = make_repository(tmp_path / "repository", BASE)
    git(root, "add", "--force", "--all")
    git(root, "commit", "--quiet", "--amend", "--no-edit")
    assert "build/out" in git(root, "ls-files")
    return Overlaid(await workbench_on(tmp_path, root))


def facts(found: Collected) -> tuple[str, list[tuple[str, bytes]]]:
    return found.tree, [(str(problem.code), problem.path) for problem in found.problems]


async def lay_out(over: Overlaid, name: str, tree: str) -> None:
    """The tree as a check finds it: its files, an index of it that knows them, and nothing else."""
    bench = over.bench
    checked = await over.maker.of(bench.folder / f"{name}-check", bench.index(f"{name}-check"))
    await over.maker.make_tree(checked, tree, (bench.store.path / "objects",))
    over.checkout = checked
    over.run("sh", "-c", 'test "$(git write-tree)" = "$1"', "sh", tree)
    over.run("git", "diff-files", "--quiet")
    assert (await over.collect(LARGE)).tree == tree


async def compare(tmp_path: Path, seeds: range) -> None:
    over = await overlaid(tmp_path)
    for seed in seeds:
        name = f"run-{seed}"
        await over.make(name)
        over.run(sys.executable, str(EDITS), str(seed), str(3 + seed % 25))
        mine = await over.collect(LARGE)
        whole = await over.collect_all(name, LARGE)
        assert facts(mine) == facts(whole), f"seed {seed}"
        await lay_out(over, name, mine.tree)


@pytest.mark.usefixtures("possible")
@pytest.mark.parametrize("part", range(2))
async def test_any_edits_come_to_the_tree_of_a_full_collection(tmp_path: Path, part: int) -> None:
    await compare(tmp_path, range(part * 10, part * 10 + 10))


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("possible")
@pytest.mark.parametrize("part", range(40))
async def test_thousands_of_edits_come_to_the_same_tree(tmp_path: Path, part: int) -> None:
    await compare(tmp_path, range(1000 + part * 75, 1075 + part * 75))


@pytest.mark.usefixtures("possible")
async def test_an_untouched_overlay_is_base(tmp_path: Path) -> None:
    over = await overlaid(tmp_path)
    await over.make("none")
    tree = (await over.bench.git.run("rev-parse", f"{over.bench.base}^{{tree}}")).line
    assert facts(await over.collect()) == (tree, [])


@pytest.mark.usefixtures("possible")
async def test_more_files_than_are_allowed_are_not_collected(tmp_path: Path) -> None:
    over = await overlaid(tmp_path)
    await over.make("many")
    over.run("sh", "-c", "rm -r src; for i in 1 2 3 4; do echo $i > new$i; done")
    limits = CollectLimits(max_files=7, max_file_bytes=1000)
    assert [str(p.code) for p in (await over.collect(limits)).problems] == ["TOO_MANY_FILES"]
    limits = CollectLimits(max_files=8, max_file_bytes=1000)
    assert (await over.collect(limits)).problems == ()


@pytest.mark.usefixtures("possible")
async def test_a_large_file_that_was_only_touched_is_no_change(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {**BASE, "large": b"x" * 5000})
    over = Overlaid(bench)
    await over.make("touched")
    over.run("touch", "large", "README.md")
    limits = CollectLimits(max_files=100, max_file_bytes=1000)
    tree = (await bench.git.run("rev-parse", f"{bench.base}^{{tree}}")).line
    assert facts(await over.collect(limits)) == (tree, [])
    over.run("sh", "-c", "echo y >> large")
    found = await over.collect(limits)
    assert [(str(p.code), p.path) for p in found.problems] == [("TOO_LARGE", b"large")]
