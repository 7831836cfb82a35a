"""A workspace from the pool has nothing of an earlier run: it is told from a fresh one by no fact.

Each test does something to a workspace as a worker could, has it collected, gives it back, takes it
again and compares all that the file system says of it with a workspace that was never used.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory_engine.checkouts.collect import collect
from factory_engine.checkouts.pool import Pool
from factory_engine.checkouts.pool_proof import attributes_of
from factory_engine.checkouts.pool_record import write_record
from factory_engine.checkouts.workspace import create_workspace
from tests.engine.checkouts.leftovers import (
    LEFTOVERS,
    Attack,
    acl,
    every,
    hard_link_inside,
    old_times,
    rights_of_folders,
    same_size_and_time,
    set_attribute,
)
from tests.support.repositories import commit_all, git, make_repository
from tests.support.workbench import LIMITS, Workbench, workbench_on

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows enough to keep")


@dataclass(frozen=True)
class Space:
    """A workspace that the pool handed out, and its index."""

    path: Path
    index: Path


@dataclass(frozen=True)
class Yard:
    """A pool, the run that uses it, and a folder outside of all workspaces."""

    bench: Workbench
    pool: Pool
    outside: Path

    async def take(self, name: str) -> Space:
        space = Space(self.bench.folder / name / "tree", self.bench.folder / f"{name}.index")
        space.path.parent.mkdir()
        await self.pool.take(self.bench.store, self.bench.base, space.path, space.index)
        # As if the files had been written long ago: those of the last tick are never reused.
        await asyncio.sleep(0.02)
        (space.path / ".git/index").touch()
        write_record(space.path, space.index)
        return space

    async def give_back(self, space: Space) -> None:
        store, base = self.bench.store, self.bench.base
        await self.pool.give_back(store, base, space.path, space.index, confined=True)
        assert not space.path.exists()

    async def collect(self, space: Space) -> None:
        await collect(self.bench.store, space.path, space.index, self.bench.base, LIMITS)

    async def fresh(self) -> dict[str, object]:
        path = self.bench.folder / "fresh" / "tree"
        index = self.bench.folder / "fresh.index"
        await create_workspace(self.bench.store, self.bench.base, path, index)
        return facts_of(path)

    @property
    def kept(self) -> int:
        return len(list(self.pool.folder.iterdir())) if self.pool.folder.is_dir() else 0


@pytest.fixture
async def yard(tmp_path: Path) -> Yard:
    files: dict[str, str | bytes] = dict.fromkeys(("a.txt", "src/b.txt"), "same\n")
    files |= {"src/deep/c.txt": bytes(100_000), "run.sh": "#!/bin/sh\n", "d/e": "e\n"}
    root = make_repository(tmp_path / "project", files)
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("a.txt")
    (root / "folder-link").symlink_to("src")
    commit_all(root)
    outside = tmp_path / "outside"
    outside.mkdir()
    return Yard(await workbench_on(tmp_path, root), Pool(tmp_path / "pool"), outside)


def facts_of(top: Path) -> dict[str, object]:
    """All that can be seen of each file and folder but times, numbers of inodes and `.git`."""
    return {str(path.relative_to(top)): _facts(path) for path in every(top)}


def _facts(path: Path) -> tuple[object, ...]:
    facts = path.lstat()
    attributes = attributes_of(os.fsencode(path))
    seen = (facts.st_mode, facts.st_nlink, facts.st_uid, facts.st_gid, attributes)
    if path.is_symlink():
        return (*seen, os.readlink(path))
    return seen if path.is_dir() else (*seen, path.read_bytes(), facts.st_blocks)


@pytest.mark.parametrize("collected", [True, False], ids=["collected", "not collected"])
@pytest.mark.parametrize("attack", LEFTOVERS, ids=[attack.__name__ for attack in LEFTOVERS])
async def test_it_is_like_a_fresh_one(yard: Yard, attack: Attack, collected: bool) -> None:
    fresh = await yard.fresh()
    began = time.time_ns() - 50_000_000  # the clock of files may be a tick behind
    space = await yard.take("first")
    inode = space.path.stat().st_ino
    attack(space.path, yard.outside)
    if collected:
        await yard.collect(space)
    await yard.give_back(space)
    assert yard.kept == 1
    again = await yard.take("second")
    assert again.path.stat().st_ino == inode
    assert facts_of(again.path) == fresh
    assert git(again.path, "status", "--porcelain", "--ignored") == ""
    now = time.time_ns()
    for path in every(again.path):
        assert began <= path.lstat().st_mtime_ns <= now, path
    for path in yard.outside.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.write_text("evil\n")  # whoever kept a way in changes nothing by it
    assert facts_of(again.path) == fresh


async def test_what_nobody_touched_is_not_written_again(yard: Yard) -> None:
    space = await yard.take("first")
    before = {path.name: path.lstat().st_ino for path in every(space.path)}
    (space.path / "a.txt").write_text("changed\n")
    await yard.collect(space)
    await yard.give_back(space)
    entry = next(yard.pool.folder.iterdir())
    after = {path.name: path.lstat().st_ino for path in every(entry / "tree")}
    assert {name for name in after if after[name] != before[name]} <= {"a.txt"}
    assert (entry / "tree/a.txt").read_text() == "same\n"


async def test_a_change_in_the_second_of_the_checkout_shows(yard: Yard) -> None:
    """Git compares whole seconds, and contents only while the index is as young."""
    await asyncio.sleep(1.05 - time.time() % 1)
    space = await yard.take("first")
    same_size_and_time(space.path, yard.outside)
    await asyncio.sleep(1.05 - time.time() % 1)
    await yard.give_back(space)
    again = await yard.take("second")
    assert (again.path / "a.txt").read_text() == "same\n"


@pytest.mark.parametrize("way", ["descriptor", "mapping"])
async def test_one_that_somebody_can_still_write_is_not_kept(yard: Yard, way: str) -> None:
    space = await yard.take("first")
    with (space.path / "src/b.txt").open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 0) if way == "mapping" else None
        if memory:
            file.close()
        await yard.give_back(space)
        if memory:
            memory.close()
    assert yard.kept == 0


async def test_one_that_somebody_wrote_and_can_still_write_is_not_kept(yard: Yard) -> None:
    space = await yard.take("first")
    with (space.path / "src/b.txt").open("ab") as file:
        file.write(b"more")
        file.flush()
        await yard.collect(space)
        await yard.give_back(space)
    assert yard.kept == 0


async def test_whoever_only_reads_is_no_reason(yard: Yard) -> None:
    space = await yard.take("first")
    with (space.path / "src/b.txt").open("rb"):
        await yard.give_back(space)
    assert yard.kept == 1


async def test_another_umask_gives_other_rights(yard: Yard) -> None:
    before = os.umask(0o022)
    try:
        await yard.give_back(await yard.take("first"))
        os.umask(0o077)
        again = await yard.take("second")
        fresh = await yard.fresh()
    finally:
        os.umask(before)
    assert facts_of(again.path) == fresh
    assert (again.path / "run.sh").stat().st_mode & 0o777 == 0o700
    assert (again.path / "src").stat().st_mode & 0o777 == 0o700


async def test_what_the_folder_above_gives_to_each_is_there(yard: Yard) -> None:
    set_attribute(yard.bench.folder, *acl(default=True))
    fresh = await yard.fresh()
    space = await yard.take("first")
    os.removexattr(space.path / "a.txt", "system.posix_acl_access")
    await yard.give_back(space)
    again = await yard.take("second")
    assert facts_of(again.path) == fresh
    assert "system.posix_acl_access" in attributes_of(os.fsencode(again.path / "a.txt"))


async def test_a_flag_on_a_folder_is_reason_to_throw_it_away(yard: Yard) -> None:
    import fcntl

    space = await yard.take("first")
    fd = os.open(space.path / "src", os.O_RDONLY)
    try:
        number = 0x40006602 | struct.calcsize("l") << 16
        no_dump = struct.pack("l", 0x40)
        fcntl.ioctl(fd, number, no_dump)
    except OSError as error:
        pytest.skip(f"the file system here knows no flags: {error}")
    finally:
        os.close(fd)
    await yard.give_back(space)
    assert yard.kept == 0


async def test_what_is_done_to_one_in_the_pool_is_undone(yard: Yard) -> None:
    fresh = await yard.fresh()
    await yard.give_back(await yard.take("first"))
    tree = next(yard.pool.folder.iterdir()) / "tree"
    for attack in (same_size_and_time, hard_link_inside, rights_of_folders, old_times):
        attack(tree, yard.outside)
    assert facts_of((await yard.take("second")).path) == fresh
