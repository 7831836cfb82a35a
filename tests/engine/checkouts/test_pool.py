"""Workspaces of earlier runs come back clean, and no two runs get the same one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from factory_engine.checkouts.pool import Pool
from tests.support.repositories import git, write_files
from tests.support.workbench import Workbench, workbench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows enough to keep")


@pytest.fixture
async def bench(tmp_path: Path) -> Workbench:
    return await workbench(tmp_path, {"src/a.txt": "a\n", "b.txt": "b\n"})


async def used(bench: Workbench, pool: Pool, tmp_path: Path, name: str) -> tuple[Path, Path]:
    path, index = tmp_path / name / "tree", tmp_path / f"{name}.index"
    path.parent.mkdir()
    await pool.take(bench.store, bench.base, path, index)
    return path, index


async def test_a_workspace_comes_back_clean(bench: Workbench, tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool")
    path, index = await used(bench, pool, tmp_path, "first")
    inode = path.stat().st_ino
    write_files(path, {"src/a.txt": "changed\n", "new/deep.txt": "new\n", ".gitignore": "*\n"})
    (path / "b.txt").unlink()
    await pool.give_back(bench.store, bench.base, path, index, confined=True)
    assert not path.exists()
    again, _ = await used(bench, pool, tmp_path, "second")
    assert again.stat().st_ino == inode
    assert sorted(p.name for p in again.iterdir()) == [".git", "b.txt", "src"]
    assert (again / "src/a.txt").read_text() == "a\n"
    assert git(again, "status", "--porcelain") == ""


async def test_two_runs_never_get_the_same_one(bench: Workbench, tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool")
    path, index = await used(bench, pool, tmp_path, "first")
    await pool.give_back(bench.store, bench.base, path, index, confined=True)
    one, _ = await used(bench, pool, tmp_path, "one")
    two, _ = await used(bench, pool, tmp_path, "two")
    assert one.stat().st_ino != two.stat().st_ino
    assert list((tmp_path / "pool").iterdir()) == []


async def test_no_more_than_the_limit_are_kept(bench: Workbench, tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool", limit=1)
    places = [await used(bench, pool, tmp_path, name) for name in ("one", "two")]
    for path, index in places:
        await pool.give_back(bench.store, bench.base, path, index, confined=True)
        assert not path.exists()
    assert len(list((tmp_path / "pool").iterdir())) == 1


async def test_an_entry_that_is_broken_is_thrown_away(bench: Workbench, tmp_path: Path) -> None:
    pool = Pool(tmp_path / "pool")
    (tmp_path / "pool" / "broken" / "tree").mkdir(parents=True)
    path, _ = await used(bench, pool, tmp_path, "one")
    assert (path / "b.txt").read_text() == "b\n"
    assert list((tmp_path / "pool").iterdir()) == []


async def test_one_that_was_not_in_bubblewrap_is_thrown_away(
    bench: Workbench, tmp_path: Path
) -> None:
    pool = Pool(tmp_path / "pool")
    path, index = await used(bench, pool, tmp_path, "first")
    await pool.give_back(bench.store, bench.base, path, index, confined=False)
    assert not path.exists()
    assert not (tmp_path / "pool").exists()
