"""What is read from the cache is as it was left, or it is looked at and made anew, with a word."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.git.process import Git
from factory_engine.git.store import BaseStore, repository_key
from factory_engine.git.store_proof import (
    PROOF,
    doubt_if_changed,
    facts_of,
    is_as_noted,
    note,
)
from factory_engine.status import Status
from tests.engine.git.test_store import opened
from tests.support.factory_runs import Bench, folder_of, require_agreement, worker
from tests.support.repositories import git, make_repository

FILES = {f"src/{number}.txt": f"{number}\n" * 50 for number in range(20)}
MENDED = "the kept copy of base was damaged and has been made anew"


def packs(store: Path) -> list[Path]:
    return sorted((store / "objects/pack").glob("*.pack"))


def lose_a_pack(store: Path) -> None:
    packs(store)[0].unlink()


def lose_everything(store: Path) -> None:
    shutil.rmtree(store / "objects")


def spoil_a_pack(store: Path) -> None:
    (pack,) = packs(store)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 0xFF
    pack.chmod(0o644)
    pack.write_bytes(data)


def cut_an_index_of_a_pack(store: Path) -> None:
    path = packs(store)[0].with_suffix(".idx")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-100])


def put_a_loose_object(store: Path) -> None:
    blob = "ab" * 20
    (store / "objects" / blob[:2]).mkdir()
    (store / "objects" / blob[:2] / blob[2:]).write_bytes(b"garbage")


DAMAGE: list[Callable[[Path], None]] = [
    lose_a_pack,
    lose_everything,
    spoil_a_pack,
    cut_an_index_of_a_pack,
    put_a_loose_object,
]


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_store_is_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", FILES))
    store = BaseStore.of(tmp_path / "cache", repository)
    assert await store.ensure(repository, base) == ""
    damage(store.path)
    assert await store.ensure(repository, base) == MENDED
    assert git(store.path, "show", f"{base}:src/3.txt").startswith("3\n")
    assert await store.ensure(repository, base) == ""
    assert [path.name for path in store.path.parent.iterdir() if "pruned" in path.name] == []


async def test_other_bases_are_fetched_again_as_far_as_they_are_there(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", FILES)
    repository, first = await opened(root)
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, first)
    (root / "more").write_text("x")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "more")
    _, second = await opened(root)
    await store.ensure(repository, second)
    lose_everything(store.path)
    assert await store.ensure(repository, second) == MENDED
    assert store.commits() == tuple(sorted((first, second)))


def obey_something(store: Path) -> None:
    with (store / "config").open("a") as file:
        file.write("[core]\n\tworktree = /\n")


def filter_something(store: Path) -> None:
    (store / "info/attributes").write_text("* filter=evil\n")


def borrow_objects(store: Path) -> None:
    (store / "objects/info").mkdir(exist_ok=True)
    (store / "objects/info/alternates").write_text("/nonexistent\n")


@pytest.mark.parametrize("change", [obey_something, filter_something, borrow_objects])
async def test_what_git_would_obey_is_written_anew(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", FILES))
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, base)
    before = (store.path / "config").read_bytes(), (store.path / "info/attributes").read_bytes()
    change(store.path)
    await store.ensure(repository, base)
    after = (store.path / "config").read_bytes(), (store.path / "info/attributes").read_bytes()
    assert after == before
    assert not (store.path / "objects/info/alternates").exists()


async def test_an_index_that_hides_changes_is_made_anew(tmp_path: Path) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", FILES))
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, base)
    index = store.path / "indexes" / base
    sound = index.read_bytes()
    work = Git(git_dir=store.path, index=index, work_tree=tmp_path / "main")
    await work.run("update-index", "--assume-unchanged", "src/3.txt")
    assert index.read_bytes() != sound
    assert not is_as_noted(store.path)
    await store.ensure(repository, base)
    assert index.read_bytes() == sound


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
async def test_a_proof_that_proves_nothing_is_none(tmp_path: Path, content: bytes) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", FILES))
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, base)
    (store.path / PROOF).write_bytes(content)
    assert not is_as_noted(store.path)
    assert await store.ensure(repository, base) == ""
    assert is_as_noted(store.path)


async def test_what_a_run_changed_in_the_store_is_looked_at_by_the_next(tmp_path: Path) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", FILES))
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, base)
    before = facts_of(store.path)
    spoil_a_pack(store.path)
    note(store.path)  # a program without a sandbox writes the proof to match
    assert is_as_noted(store.path)
    doubt_if_changed(store.path, before)
    assert await store.ensure(repository, base) == MENDED


async def test_a_repository_with_other_ids_at_the_same_path_is_another(tmp_path: Path) -> None:
    repository, _ = await opened(make_repository(tmp_path / "main", FILES))
    first = repository_key(repository)
    shutil.rmtree(tmp_path / "main")
    again = make_repository(tmp_path / "main", FILES, object_format="sha256")
    repository, base = await opened(again)
    assert repository_key(repository) != first
    await BaseStore.of(tmp_path / "cache", repository).ensure(repository, base)


async def test_a_run_over_a_damaged_store_passes_and_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    change = worker("Path('src/a/one.txt').write_text('ONE\\n')", ["src/**"])
    bench.configure({"A": change})
    await bench.oneshot()
    project = await bench.project()
    shutil.rmtree(project.workspaces / "store.git/objects/pack")
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert b"+ONE" in folder_of(outcome).read("Z_integrator/DIFF.patch")
    assert MENDED in [finding.message for finding in outcome.state.findings]


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
async def test_a_pack_that_only_has_new_times_is_believed(
    tmp_path: Path, object_format: str
) -> None:
    root = make_repository(tmp_path / "main", FILES, object_format=object_format)
    repository, base = await opened(root)
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, base)
    before = facts_of(store.path)
    (pack,) = packs(store.path)
    os.utime(pack)  # as git does where it would write an object that is in there
    assert facts_of(store.path) != before
    doubt_if_changed(store.path, before)
    assert is_as_noted(store.path)
    spoil_a_pack(store.path)
    pack.chmod(before[str(pack.relative_to(store.path))][0] & 0o777)
    assert not is_as_noted(store.path)
