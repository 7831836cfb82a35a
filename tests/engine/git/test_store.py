"""The factory's own stores: they keep what they were given, whatever happens next door."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from factory_engine.errors import RepositoryError, StorageError
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore, create_run_store, repository_key
from tests.support.repositories import (
    commit_all,
    git,
    make_repository,
    snapshot_bytes,
    write_files,
)
from tests.support.workbench import workbench, workbench_on


async def opened(root: Path) -> tuple[Repository, str]:
    repository = await Repository.open(root)
    return repository, await repository.resolve_commit("HEAD")


async def test_the_base_survives_a_gc_that_prunes_it_from_the_repository(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "first"})
    root = bench.repository.root
    write_files(root, {"a": "second"})
    git(root, "commit", "--quiet", "--amend", "-am", "instead")
    git(root, "reflog", "expire", "--expire=now", "--all")
    git(root, "gc", "--quiet", "--prune=now")
    git(root, "cat-file", "-e", "HEAD")
    with pytest.raises(AssertionError):
        git(root, "cat-file", "-e", bench.base)
    assert bench.show(bench.base, "a") == "first"


async def test_no_object_is_shared_with_the_repository(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {f"{n}": f"{n}" for n in range(20)})
    git(bench.repository.root, "gc", "--quiet")
    write_files(bench.repository.root, {"more": "more"})
    repository = bench.repository
    await bench.store.base_store.ensure(repository, commit_all(repository.root))
    for folder, _, files in os.walk(bench.store.base_store.path):
        for name in files:
            assert os.stat(Path(folder, name)).st_nlink == 1
    assert not (bench.store.base_store.path / "objects/info/alternates").exists()


async def test_history_stays_behind_and_what_comes_is_one_pack(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", {"a": "first"})
    first = git(root, "rev-parse", "HEAD")
    write_files(root, {"a": "second"})
    commit_all(root)
    bench = await workbench_on(tmp_path, root)
    path = bench.store.base_store.path
    assert git(path, "rev-list", "--all") == bench.base
    with pytest.raises(AssertionError):
        git(path, "cat-file", "-e", first)
    assert git(path, "count-objects").startswith("0 objects")


async def test_a_second_time_costs_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await workbench(tmp_path, {"a": "a"})
    monkeypatch.setenv("PATH", os.devnull)
    await bench.store.base_store.ensure(bench.repository, bench.base)


async def test_several_at_once_fetch_it_and_all_succeed(tmp_path: Path) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", {"a": "a"}))
    store = BaseStore.of(tmp_path / "cache", repository)
    await asyncio.gather(*(store.ensure(repository, base) for _ in range(4)))
    assert store.commits() == (base,)


async def test_two_bases_live_side_by_side(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "first", "b": "b"})
    root = bench.repository.root
    write_files(root, {"a": "second"})
    later = commit_all(root)
    again = await workbench_on(tmp_path, root)
    assert again.store.base_store.commits() == tuple(sorted((bench.base, later)))
    assert (again.show(bench.base, "a"), again.show(later, "a")) == ("first", "second")
    assert git(again.store.path, "log", "--format=%H", later) == later


async def test_a_fetch_that_broke_off_is_done_again(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "a"})
    path = bench.store.base_store.path
    (path / "refs/bases" / bench.base).unlink()
    (path / "HEAD").unlink()
    shutil.rmtree(path / "objects/pack")
    await bench.store.base_store.ensure(bench.repository, bench.base)
    assert bench.show(bench.base, "a") == "a"


async def test_a_run_goes_on_after_its_base_store_was_swept_away(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "a"})
    made = (await bench.git.run("hash-object", "-w", "--stdin", stdin=b"own")).line
    shutil.rmtree(bench.store.base_store.path)
    await bench.store.base_store.ensure(bench.repository, bench.base)
    store = await create_run_store(bench.store.path, bench.store.base_store, "sha1")
    assert (await store.git.run("cat-file", "blob", made)).stdout == b"own"
    assert bench.show(bench.base, "a") == "a"


async def test_sha256_repositories_work(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "a"}, object_format="sha256")
    assert len(bench.base) == 64
    assert bench.show(bench.base, "a") == "a"


async def test_shallow_clones_and_linked_worktrees_can_hand_over_a_base(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a": "first"})
    write_files(origin, {"a": "second"})
    commit_all(origin)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "shallow")
    git(tmp_path / "shallow", "worktree", "add", "--quiet", "../linked")
    bench = await workbench_on(tmp_path, tmp_path / "linked")
    assert bench.show(bench.base, "a") == "second"


async def test_a_partial_clone_is_refused_without_a_look_at_the_network(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a": "first"})
    write_files(origin, {"a": "second"})
    commit_all(origin)
    git(origin, "config", "uploadpack.allowFilter", "true")
    url = f"file://{origin}"
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", url, "partial")
    repository, base = await opened(tmp_path / "partial")
    before = snapshot_bytes(tmp_path / "partial")
    with pytest.raises(RepositoryError, match="could not be copied completely"):
        await BaseStore.of(tmp_path / "cache", repository).ensure(repository, base)
    assert snapshot_bytes(tmp_path / "partial") == before
    assert not BaseStore.of(tmp_path / "cache", repository).has(base)


async def test_a_damaged_repository_is_refused(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    repository, base = await opened(root)
    blob = git(root, "rev-parse", "HEAD:a")
    (root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(RepositoryError, match="could not be copied completely"):
        await BaseStore.of(tmp_path / "cache", repository).ensure(repository, base)


async def test_settings_of_the_repository_run_nothing_while_it_is_read(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "config", "uploadpack.packObjectsHook", f"touch {tmp_path}/sprung;")
    git(root, "config", "core.alternateRefsCommand", f"touch {tmp_path}/sprung;")
    repository, base = await opened(root)
    await BaseStore.of(tmp_path / "cache", repository).ensure(repository, base)
    assert not (tmp_path / "sprung").exists()


async def test_odd_folder_names_on_both_sides(tmp_path: Path) -> None:
    folder = tmp_path / 'a "quoted" $(name)\nof: #two lines'
    bench = await workbench(folder, {"a": "a"}, name="'; ünï $HOME `x`")
    workspace = await bench.workspace()
    assert git(workspace, "show", "HEAD:a") == "a"


async def test_worktrees_of_one_repository_share_a_key_and_namesakes_do_not(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "one" / "app", {"a": "a"})
    git(root, "worktree", "add", "--quiet", "../linked")
    other = make_repository(tmp_path / "two" / "app", {"a": "a"})
    keys = [
        repository_key(await Repository.open(path))
        for path in (root, tmp_path / "one" / "linked", other)
    ]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]
    assert keys[0].startswith("app-")


async def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    repository, base = await opened(make_repository(tmp_path / "main", {"a": "a"}))
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StorageError):
        await BaseStore.of(tmp_path / "cache", repository).ensure(repository, base)


async def test_a_fetch_that_was_killed_does_not_stop_the_next(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", {"a": "a\n"})
    base = git(root, "rev-parse", "HEAD")
    repository = await Repository.open(root)
    store = BaseStore(tmp_path / "store.git")
    (store.path / "refs/bases").mkdir(parents=True)
    (store.path / "shallow.lock").touch()
    (store.path / f"refs/bases/{base}.lock").touch()
    await store.ensure(repository, base)
    assert store.has(base)
