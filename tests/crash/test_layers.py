"""The kept checkouts of bases: whatever befalls their making, one is whole or not there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory_engine.checkouts.inspection import CollectLimits
from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layers import Layers
from factory_engine.checkouts.outputs import take_outputs
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.provider import Checkout, Checkouts, deep_problems
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore, create_run_store
from factory_engine.sandbox import mounting
from tests.support.doomed import NONE, REFUSED, End, Fault, Tell, perform
from tests.support.faulty_disk import KILLED
from tests.support.repositories import commit_all, git, make_repository

LIMITS = CollectLimits(max_files=1000, max_file_bytes=1 << 20)
FIRST = {"gone/one.txt": "1\n", "gone/two.txt": "2\n", "kept.txt": "kept\n", "src/a.py": "a\n"}
LIKE_A_USER = ("kill", "EIO", "ENOSPC")


@dataclass(frozen=True)
class Place:
    """A repository of two commits, of which the second differs in a folder and a file."""

    folder: Path
    first: str
    second: str

    @property
    def cache(self) -> LayerCache:
        return LayerCache(self.folder / "layers")

    async def checkouts(self, base: str) -> Checkouts:
        repository = await Repository.open(self.folder / "repository")
        base_store = BaseStore(self.folder / "store.git")
        for commit in (self.first, self.second):
            await base_store.ensure(repository, commit)
        store = await create_run_store(self.folder / "run.git", base_store, "sha1")
        return Checkouts(store, base, "overlay", Layers(self.cache), Pool(self.folder / "pool"))

    async def checkout(self, checkouts: Checkouts, name: str = "w") -> Checkout:
        return await checkouts.of(self.folder / name, self.folder / f"{name}.index")

    def clear(self) -> None:
        for name in ("layers", "w"):
            remove_workspace(self.folder / name)


Step = Callable[[Place], Coroutine[None, None, object]]


async def full(place: Place) -> None:
    checkouts = await place.checkouts(place.first)
    await place.checkout(checkouts)


async def delta(place: Place) -> None:
    checkouts = await place.checkouts(place.second)
    await place.checkout(checkouts)


async def workspace(place: Place) -> None:
    checkouts = await place.checkouts(place.first)
    await checkouts.make_base(await place.checkout(checkouts))


async def merged(place: Place) -> None:
    checkouts = await place.checkouts(place.first)
    checkout = await place.checkout(checkouts)
    await checkouts.make_tree(
        checkout, git(place.folder / "repository", "rev-parse", "main^{tree}")
    )


async def collecting(place: Place) -> str:
    checkouts = await place.checkouts(place.first)
    checkout = await place.checkout(checkouts)
    with contextlib.suppress(FileExistsError):
        (checkout.top / "src").mkdir()
    (checkout.top / "src/a.py").write_text("changed\n")
    return (await checkouts.collect(checkout, LIMITS)).tree


async def preparing(place: Place) -> None:
    checkouts = await place.checkouts(place.first)
    made_in = place.folder / "w"
    (made_in / "deps/inner").mkdir(parents=True, exist_ok=True)
    (made_in / "deps/inner/made").write_text("made\n")

    async def fill(tree: Path) -> None:
        assert take_outputs(made_in, ["deps"], tree) == []

    layer = await checkouts.layers.prepared("ab" * 32, "install", fill)
    assert (layer.tree / "deps/inner/made").read_text() == "made\n"


async def removing(place: Place) -> None:
    place.cache.remove(place.cache.keys())
    place.cache.sweep()


@dataclass(frozen=True)
class Doing:
    """A step in a process of its own."""

    step: Step
    place: Place

    def __call__(self, tell: Tell) -> None:
        asyncio.run(self.step(self.place))


@dataclass(frozen=True)
class Wanting:
    """Wants the first layer, and tells which one it got."""

    place: Place

    def __call__(self, tell: Tell) -> None:
        asyncio.run(full(self.place))
        facts = os.stat(self.place.cache.folder / self.place.first / "tree")
        tell(f"{facts.st_ino} {facts.st_ctime_ns}")


# What is swept, after which step, and calls of the seam that it makes at least.
SWEEPS: dict[str, tuple[Step, tuple[Step, ...], int]] = {
    "a whole layer": (full, (), 15),
    "a layer over another": (delta, (full,), 20),
    "a workspace": (workspace, (full,), 20),
    "the checkout of a tree": (merged, (full,), 20),
    "collecting": (collecting, (workspace,), 10),
    "what a step prepared": (preparing, (full,), 10),
    "removing": (removing, (full, delta, preparing), 10),
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    root = make_repository(tmp_path / "repository", FIRST)
    first = git(root, "rev-parse", "HEAD")
    git(root, "rm", "-rq", "gone")
    (root / "src/a.py").write_text("other\n")
    commit_all(root, "next")
    return Place(tmp_path, first, git(root, "rev-parse", "HEAD"))


def do(place: Place, step: Step, fault: Fault = NONE) -> End:
    return perform(Doing(step, place), fault)


def require_whole_layers(place: Place) -> None:
    """Each layer that is there holds what its commit holds."""

    async def look() -> list[str]:
        return await deep_problems((await place.checkouts(place.first)).store.git, place.cache)

    assert asyncio.run(look()) == []


def require_recovery(place: Place, step: Step, before: tuple[Step, ...]) -> None:
    require_whole_layers(place)
    place.cache.sweep()
    left = [path.name for path in place.folder.glob("layers/.tmp.*")]
    assert not left, "what a dead process left half made was not swept"
    remove_workspace(place.folder / "w")
    for one in (*before, step):
        assert do(place, one).rc == 0
    require_whole_layers(place)
    if step is removing:
        assert place.cache.keys() == []


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize(
    ("fault", "stride"),
    [
        *((fault, 23) for fault in LIKE_A_USER),
        *(pytest.param(fault, 1, marks=pytest.mark.soak) for fault in LIKE_A_USER),
    ],
)
def test_whatever_befalls_a_call_layers_are_whole_or_not_there(
    place: Place, name: str, fault: str, stride: int
) -> None:
    step, before, least = SWEEPS[name]
    at = 1 + len(fault) + len(name) % stride if stride > 1 else 1
    while True:
        place.clear()
        for one in before:
            assert do(place, one).rc == 0
        end = do(place, step, Fault(fault, at))
        if end.rc == 0 and end.calls < at:
            assert end.calls >= least
            return
        assert end.rc in ((KILLED,) if fault == "kill" else (0, REFUSED)), (at, end)
        try:
            require_recovery(place, step, before)
        except AssertionError as error:
            raise AssertionError(f"{name}, {fault} at call {at}: {end.said}\n{error}") from error
        at += stride


def test_two_runs_that_want_one_layer_make_it_once(place: Place) -> None:
    do(place, full)  # stores are there; only the layer is made in the race
    remove_workspace(place.folder / "layers")
    with ThreadPoolExecutor() as threads:
        ends = list(threads.map(perform, [Wanting(place)] * 4))
    assert [end.rc for end in ends] == [0] * 4, [end.said for end in ends]
    assert len({end.acknowledged for end in ends}) == 1, "it was made anew"
    require_whole_layers(place)


def test_a_half_made_layer_of_a_process_at_work_is_left_alone(place: Place) -> None:
    do(place, full)
    half = place.cache.beside(place.first)
    half.mkdir()
    making = place.cache.making(place.first)
    assert making.take()
    place.cache.sweep()
    assert half.is_dir()
    making.release()
    place.cache.sweep()
    assert not half.exists()


def test_a_workspace_shows_base_after_any_recovery(place: Place) -> None:
    if not mounting(place.folder, place.folder).overlay:
        pytest.skip("no overlays here")
    assert do(place, workspace, Fault("kill", 30)).rc == KILLED
    remove_workspace(place.folder / "w")
    assert do(place, workspace).rc == 0
    tree = asyncio.run(collecting(place))
    listed = git(place.folder / "run.git", "ls-tree", "-r", "--name-only", tree)
    assert listed.splitlines() == sorted(FIRST)
    assert os.listdir(place.folder / "w/upper/src") == ["a.py"]
