"""The history of the user's repository, as the checkouts of a run show it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from factory_engine.git.history import History, copy_history
from factory_engine.git.layout import write_private
from factory_engine.git.repository import Repository
from tests.support.repositories import commit_all, git, make_repository, snapshot_bytes, write_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three commits, a light and an annotated tag, and a branch that base is not on."""
    root = make_repository(tmp_path / "repository", {"a.txt": "one\n"})
    git(root, "tag", "-a", "v1.0.0", "-m", "first")
    for word in ("two", "three"):
        write_files(root, {"a.txt": f"{word}\n"})
        commit_all(root, word)
    git(root, "tag", "light")
    return root


async def shown(
    root: Path, tmp_path: Path, base_ref: str = "HEAD", name: str = "work"
) -> tuple[History | None, Path]:
    """The history, and a checkout's git directory that shows it."""
    repository = await Repository.open(root)
    base = await repository.resolve_commit(base_ref)
    history = await copy_history(repository, base, base_ref, tmp_path / "cache/history")
    work = tmp_path / name
    write_private(
        work / ".git",
        object_format=repository.object_format,
        alternates=[history.objects] if history else [],
        commit=base,
        shallow=history.shallow if history else (base,),
        refs=history.refs if history else b"",
    )
    return history, work


async def test_log_describe_and_the_branch_are_there(root: Path, tmp_path: Path) -> None:
    before = snapshot_bytes(root)
    _, work = await shown(root, tmp_path)
    branch = git(root, "symbolic-ref", "--short", "HEAD")
    assert git(work, "rev-list", "--count", "HEAD") == "3"
    assert git(work, "describe") == git(root, "describe")
    assert git(work, "describe", "--tags") == "light"
    assert git(work, "rev-parse", branch) == git(root, "rev-parse", "HEAD")
    assert git(work, "diff", "--name-only", f"{branch}~1...HEAD") == "a.txt"
    assert git(work, "fsck", "--no-dangling") == ""
    assert snapshot_bytes(root) == before


@pytest.mark.parametrize("packed", [False, True])
async def test_later_only_what_is_new_is_copied(root: Path, tmp_path: Path, packed: bool) -> None:
    if packed:
        git(root, "gc", "--quiet")
    history, _ = await shown(root, tmp_path)
    assert history is not None
    old = {path: path.stat().st_mtime_ns for path in history.objects.rglob("*") if path.is_file()}
    assert bool(list(history.objects.glob("pack/*.idx"))) == packed
    write_files(root, {"a.txt": "four\n"})
    commit_all(root, "four")
    _, work = await shown(root, tmp_path, name="later")
    assert git(work, "rev-list", "--count", "HEAD") == "4"
    assert {path: path.stat().st_mtime_ns for path in old} == old


async def test_no_file_is_shared_with_the_users_repository(root: Path, tmp_path: Path) -> None:
    git(root, "gc", "--quiet")
    history, _ = await shown(root, tmp_path)
    assert history is not None
    files = [path for path in history.objects.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_nlink == 1 for path in files)


async def test_a_shallow_clone_shows_what_it_has(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{root}", str(clone))
    history, work = await shown(clone, tmp_path)
    assert history is not None
    assert len(history.shallow) == 1
    assert git(work, "rev-list", "--count", "HEAD") == "2"


async def test_objects_that_the_clone_borrows_are_copied_too(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "borrowing"
    git(tmp_path, "clone", "--quiet", "--shared", str(root), str(clone))
    _, work = await shown(clone, tmp_path)
    shutil.rmtree(root)
    assert git(work, "rev-list", "--count", "HEAD") == "3"
    assert git(work, "rev-parse", "--verify", "origin/main") == git(work, "rev-parse", "HEAD")


async def test_a_history_with_a_hole_is_not_shown(root: Path, tmp_path: Path) -> None:
    oid = git(root, "rev-parse", "HEAD~1")
    os.unlink(root / ".git/objects" / oid[:2] / oid[2:])
    history, work = await shown(root, tmp_path)
    assert history is None
    assert (work / ".git/shallow").read_text().strip() == git(root, "rev-parse", "HEAD")


async def test_a_base_that_no_branch_names_has_its_tags(root: Path, tmp_path: Path) -> None:
    _, work = await shown(root, tmp_path, "HEAD~1")
    assert git(work, "rev-list", "--count", "HEAD") == "2"
    assert git(work, "tag") == git(root, "tag")
    assert git(work, "branch", "--format=%(refname:short)") == "factory"


async def test_a_copy_that_somebody_has_changed_is_made_anew(root: Path, tmp_path: Path) -> None:
    git(root, "gc", "--quiet")
    history, _ = await shown(root, tmp_path)
    assert history is not None
    (pack,) = history.objects.glob("pack/*.pack")
    whole = pack.read_bytes()
    pack.chmod(0o644)
    pack.write_bytes(whole[:-30] + b"x" * 30)
    _, work = await shown(root, tmp_path, name="later")
    assert pack.read_bytes() == whole
    assert git(work, "fsck", "--no-dangling") == ""
