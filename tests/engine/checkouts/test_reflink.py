"""Folders cloned: on file systems that can, on this one, and on doubles that fail."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_engine import storage
from factory_engine.checkouts.reflink import can_clone, clone_tree
from factory_engine.checkouts.removal import remove_workspace
from factory_engine.errors import StorageError
from factory_engine.storage import AnyPath, Disk
from tests.support.faulty_disk import faulty, full
from tests.support.small_disks import small_disk

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has neither links nor modes")

OLD = 1_000_000_000_123_456_789


class CopyingDisk(Disk):
    """Stands in for a file system that clones; refuses the n-th time, from 1, if it is told to."""

    def __init__(self, number: int = 0, at: int = 0) -> None:
        self.clones = 0
        self._number = number
        self._at = at

    def clone(self, source: AnyPath, target: AnyPath) -> None:
        self.clones += 1
        if self.clones == self._at:
            Path(os.fsdecode(target)).touch()
            raise OSError(self._number, os.strerror(self._number))
        shutil.copyfile(source, target, follow_symlinks=False)


def folder_of_everything(parent: Path) -> Path:
    top = parent / "source"
    odd = "sub/\udce9" if sys.platform == "linux" else "sub/é"
    for name in ("a", "sub/b", "sub/deep/c", "closed/d", odd):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name) * 3000)
    (top / "empty").touch()
    (top / "empty folder").mkdir()
    (top / "link").symlink_to("sub")
    (top / "dangling").symlink_to("/nowhere/at/all")
    (top / "sub/up").symlink_to(parent)
    for name, rights in (("a", 0o755), ("sub/b", 0o600), ("sub/deep", 0o700), ("closed/d", 0o444)):
        (top / name).chmod(rights)
    for path in sorted(every(top), reverse=True):
        os.utime(path, ns=(OLD, OLD - len(path.name)), follow_symlinks=False)
    (top / "closed").chmod(0o555)
    return top


def every(top: Path) -> Iterator[Path]:
    yield top
    for folder, folders, files in os.walk(top):
        yield from (Path(folder, name) for name in (*folders, *files))


def facts_of(top: Path) -> dict[str, object]:
    return {str(path.relative_to(top)): _facts(path) for path in every(top)}


def _facts(path: Path) -> tuple[object, ...]:
    facts = path.lstat()
    seen = (facts.st_mode, facts.st_mtime_ns)
    if path.is_symlink():
        return (*seen, os.readlink(path))
    return seen if path.is_dir() else (*seen, path.read_bytes())


@pytest.fixture(params=["this one", "btrfs", "xfs"])
def able(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that clones."""
    if request.param == "this one":
        if not can_clone(tmp_path):
            pytest.skip("the file system here does not clone")
        yield tmp_path
        return
    with small_disk(request.param, tmp_path) as top:
        yield top


@pytest.fixture
def unable(tmp_path: Path) -> Path:
    """A folder on one that does not."""
    if can_clone(tmp_path):
        pytest.skip("the file system here clones")
    return tmp_path


def test_a_clone_is_the_same_and_shares_its_blocks(able: Path) -> None:
    source = folder_of_everything(able)
    (source / "large").write_bytes(os.urandom(16 << 20))
    before = facts_of(source)
    for number in range(20):  # which would be more than there is room for
        assert clone_tree(source, able / f"copy {number}")
    assert facts_of(able / "copy 7") == before == facts_of(source)
    with (able / "copy 7/large").open("r+b") as file:
        file.write(b"changed")
    assert facts_of(able / "copy 8") == before == facts_of(source)


def test_a_folder_that_can_clone_says_so(able: Path) -> None:
    assert can_clone(able)
    before = sorted(able.iterdir())
    assert can_clone(able)
    assert sorted(able.iterdir()) == before


def test_nothing_is_cloned_to_another_file_system(tmp_path: Path) -> None:
    with small_disk("btrfs", tmp_path) as top:
        assert not clone_tree(folder_of_everything(top), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_system_that_cannot_says_so(unable: Path) -> None:
    source = folder_of_everything(unable)
    assert not clone_tree(source, unable / "copy")
    assert os.listdir(unable) == ["source"]


def test_a_folder_that_cannot_be_written_cannot_clone(tmp_path: Path) -> None:
    assert not can_clone(tmp_path / "missing")


def test_modes_times_and_links_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "disk", CopyingDisk())
    source = folder_of_everything(tmp_path)
    before = facts_of(source)
    assert clone_tree(source, tmp_path / "copy")
    assert facts_of(tmp_path / "copy") == before == facts_of(source)
    assert sorted(os.listdir(tmp_path)) == ["copy", "source"]


def test_two_names_of_a_file_become_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "disk", CopyingDisk())
    source = folder_of_everything(tmp_path)
    os.link(source / "a", source / "sub/a")
    assert clone_tree(source, tmp_path / "copy")
    assert {(tmp_path / "copy" / name).stat().st_nlink for name in ("a", "sub/a")} == {1}


@pytest.mark.parametrize("at", [1, 3])
@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY])
def test_a_refusal_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, at: int
) -> None:
    disk = CopyingDisk(number, at)
    monkeypatch.setattr(storage, "disk", disk)
    assert not clone_tree(folder_of_everything(tmp_path), tmp_path / "copy")
    assert disk.clones == at
    assert os.listdir(tmp_path) == ["source"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_an_error_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(storage, "disk", CopyingDisk(number, 2))
    with pytest.raises(StorageError, match="a folder could not be cloned"):
        clone_tree(folder_of_everything(tmp_path), tmp_path / "copy")
    assert os.listdir(tmp_path) == ["source"]


def test_a_full_disk_at_any_call_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "clone", CopyingDisk().clone)
    source = folder_of_everything(tmp_path)
    with faulty(full, 0) as counting:
        assert clone_tree(source, tmp_path / "whole")
    remove_workspace(tmp_path / "whole")
    for at in range(1, counting.calls + 1):
        with faulty(full, at), pytest.raises(StorageError):
            clone_tree(source, tmp_path / "copy")
        assert os.listdir(tmp_path) == ["source"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe_is_neither_opened_nor_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "disk", CopyingDisk())
    source = folder_of_everything(tmp_path)
    os.mkfifo(source / "sub/pipe")
    assert not clone_tree(source, tmp_path / "copy")
    assert os.listdir(tmp_path) == ["source"]


def test_what_is_in_the_way_stays(tmp_path: Path) -> None:
    source = folder_of_everything(tmp_path)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/mine").touch()
    with pytest.raises(StorageError):
        clone_tree(source, tmp_path / "copy")
    assert (tmp_path / "copy/mine").exists()


def test_a_link_or_a_file_is_no_folder_to_clone(tmp_path: Path) -> None:
    source = folder_of_everything(tmp_path)
    (tmp_path / "link").symlink_to(source)
    for other in (tmp_path / "link", source / "a", tmp_path / "missing"):
        with pytest.raises(StorageError):
            clone_tree(other, tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
