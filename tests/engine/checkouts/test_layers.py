"""Kept checkouts of bases: what was touched is made anew, what is in use stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.checkouts.layer_cache import LayerCache
from factory_engine.checkouts.layer_record import FACTS, Layer, seal
from factory_engine.checkouts.layers import Layers
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.provider import Checkouts, deep_problems
from tests.support.repositories import commit_all, git
from tests.support.workbench import Workbench


def cache_in(folder: Path) -> LayerCache:
    return LayerCache(folder / "layers")


async def top_of(bench: Workbench, layers: Layers, commit: str = "") -> Layer:
    return (await layers.stack(bench.store, commit or bench.base))[0]


def kept_times(path: Path, change: Callable[[], object]) -> None:
    """Do it, and put times back as a careful vandal does."""
    facts = path.stat()
    change()
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def rewritten(tree: Path) -> None:
    path = tree / "src/b.py"
    kept_times(path, lambda: path.write_bytes(b"x" * path.stat().st_size))


def replaced(tree: Path) -> None:
    path, other = tree / "src/b.py", tree / "src/other"
    facts = path.stat()
    other.write_bytes(b"x" * facts.st_size)
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    kept_times(tree / "src", lambda: other.replace(path))


def index_poisoned(tree: Path) -> None:
    path = tree / ".git/index"
    kept_times(path, lambda: path.write_bytes(path.read_bytes()[:-1] + b"x"))


VANDALS: dict[str, Callable[[Path], object]] = {
    "a file written over": rewritten,
    "a file put in its place": replaced,
    "a file added": lambda tree: kept_times(tree, lambda: (tree / "conftest.py").write_text("x")),
    "a file removed": lambda tree: kept_times(tree, (tree / "README.md").unlink),
    "a mode changed": lambda tree: (tree / "README.md").chmod(0o777),
    "an attribute set": lambda tree: os.setxattr(tree / "src", "user.overlay.opaque", b"y"),
    "a folder added": lambda tree: kept_times(tree, (tree / "empty").mkdir),
    "a second name of a file": lambda tree: os.link(tree / "README.md", tree.parent / "name"),
    "the index changed": index_poisoned,
}


def seal_again(layer: Layer) -> None:
    facts = json.loads((layer.folder / FACTS).read_bytes())
    facts["sealed"] = seal(layer.folder)
    (layer.folder / FACTS).write_text(json.dumps(facts))


@pytest.mark.parametrize("name", VANDALS)
@pytest.mark.parametrize("again", [False, True], ids=["later run", "same run, sealed again"])
async def test_a_layer_that_was_touched_is_made_anew(
    bench: Workbench, tmp_path: Path, name: str, again: bool
) -> None:
    cache = cache_in(tmp_path)
    layers = Layers(cache)
    layer = await top_of(bench, layers)
    made = os.stat(layer.tree).st_ino
    VANDALS[name](layer.tree)
    if again:  # only a process that saw it before can know
        seal_again(layer)
        layers.doubt()
    else:
        layers.release()
        layers = Layers(cache)
    anew = await top_of(bench, layers)
    assert os.stat(anew.tree).st_ino != made
    assert (anew.tree / "src/b.py").read_bytes() == b"b\n"
    assert await deep_problems(bench.git, cache) == []
    layers.release()
    cache.sweep()
    assert not list(cache.folder.glob(".tmp.*"))


async def test_what_was_changed_after_the_last_proof_is_not_left_to_the_next_run(
    bench: Workbench, tmp_path: Path
) -> None:
    layers = Layers(cache_in(tmp_path))
    layer = await top_of(bench, layers)
    layers.doubt()  # a program without a sandbox ran, and no check came after it
    rewritten(layer.tree)
    seal_again(layer)
    layers.release()
    assert cache_in(tmp_path).keys() == []
    anew = await top_of(bench, Layers(cache_in(tmp_path)))
    assert (anew.tree / "src/b.py").read_bytes() == b"b\n"


async def test_an_untouched_layer_is_used_again(bench: Workbench, tmp_path: Path) -> None:
    made = await top_of(bench, Layers(cache_in(tmp_path)))
    inode = os.stat(made.tree).st_ino
    again = await top_of(bench, Layers(cache_in(tmp_path)))
    assert os.stat(again.tree).st_ino == inode


async def test_a_vandal_below_a_delta_is_noticed_too(bench: Workbench, tmp_path: Path) -> None:
    second = await next_commit(bench)
    first = await top_of(bench, Layers(cache_in(tmp_path)))
    upper = await top_of(bench, Layers(cache_in(tmp_path)), second)
    assert upper.below == first.key
    rewritten(first.tree)
    stack = await Layers(cache_in(tmp_path)).stack(bench.store, second)
    assert [layer.key for layer in stack] == [second]
    assert (stack[0].tree / "src/b.py").read_bytes() == b"b\n"


async def next_commit(bench: Workbench) -> str:
    root = bench.repository.root
    (root / "docs/guide.md").write_text("other\n")
    commit_all(root, "next")
    commit = git(root, "rev-parse", "HEAD")
    await bench.store.base_store.ensure(bench.repository, commit)
    return commit


async def test_what_is_in_use_or_below_another_stays(bench: Workbench, tmp_path: Path) -> None:
    cache, users = cache_in(tmp_path), Layers(cache_in(tmp_path))
    second = await next_commit(bench)
    await top_of(bench, users)
    other = Layers(cache)
    await top_of(bench, other, second)
    other.release()
    assert [use.in_use for use in sorted(cache.uses(), key=lambda use: use.key != second)] == [
        False,
        True,
    ]
    assert cache.remove([bench.base]) == []
    users.release()
    assert cache.remove([bench.base]) == [], "another one lies over it"
    holder = Layers(cache)
    await top_of(bench, holder, second)
    assert cache.trim(0) == []
    holder.release()
    assert cache.remove([bench.base, second]) == [second, bench.base]
    assert cache.keys() == []


async def test_the_one_not_used_for_longest_goes_first(bench: Workbench, tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    commits = [bench.base, await next_commit(bench)]
    for number, commit in enumerate(commits):
        lonely = LayerCache(tmp_path / f"alone-{number}")
        layers = Layers(lonely)
        layer = await top_of(bench, layers, commit)
        layers.release()
        cache.folder.mkdir(exist_ok=True)
        layer.folder.rename(cache.folder / layer.key)
        lock = cache.use(layer.key)
        assert lock.share()
        lock.release()
        os.utime(lock.path, (1000 + number, 1000 + number))
    assert [use.key for use in cache.uses()] == commits[::-1]
    sizes = {use.key: use.bytes for use in cache.uses()}
    assert cache.trim(sum(sizes.values())) == []
    assert cache.trim(sizes[commits[1]]) == [commits[0]]
    assert cache.keys() == [commits[1]]


@pytest.mark.parametrize("what", ["content", "name"])
async def test_the_deep_look_reads_what_the_quick_one_trusts(
    bench: Workbench, tmp_path: Path, what: str
) -> None:
    cache = cache_in(tmp_path)
    layer = await top_of(bench, Layers(cache))
    assert await deep_problems(bench.git, cache) == []
    (rewritten if what == "content" else VANDALS["a file added"])(layer.tree)
    seal_again(layer)
    assert await deep_problems(bench.git, cache) == [bench.base]


async def test_a_workspace_costs_no_copy_of_the_index(bench: Workbench, tmp_path: Path) -> None:
    layers = Layers(cache_in(tmp_path))
    maker = Checkouts(bench.store, bench.base, "overlay", layers, Pool(tmp_path / "pool"))
    checkout = await maker.of(tmp_path / "w", tmp_path / "w.index")
    await maker.make_base(checkout)
    assert not checkout.index.exists()
    assert not (checkout.top / ".git/index").exists()
    assert checkout.layers[0].index.is_file()
