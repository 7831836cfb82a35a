"""The user's repository: found, questioned, never touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from factory_engine.errors import RepositoryError
from factory_engine.git.repository import Repository
from factory_engine.git.store import BaseStore
from tests.support.repositories import (
    commit_all,
    git,
    make_repository,
    snapshot_bytes,
    write_files,
)

ODD = "Ünïcode: with space"


async def test_it_is_found_from_below_under_an_odd_name(tmp_path: Path) -> None:
    root = make_repository(tmp_path / ODD, {"a/b/c": "c"})
    repository = await Repository.open(root / "a" / "b")
    assert repository == Repository(
        root=root.resolve(),
        git_dir=root.resolve() / ".git",
        common_dir=root.resolve() / ".git",
        object_format="sha1",
        bare=False,
        shallow=False,
    )


async def test_a_newline_in_its_path_is_no_separator(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "two\nlines", {"a": "a"})
    repository = await Repository.open(root)
    assert repository.root == root.resolve()
    assert repository.git_dir == root.resolve() / ".git"


async def test_a_linked_worktree_shares_objects_but_not_state(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "worktree", "add", "--quiet", "../linked")
    repository = await Repository.open(tmp_path / "linked")
    assert repository.root == (tmp_path / "linked").resolve()
    assert repository.git_dir == root.resolve() / ".git/worktrees/linked"
    assert repository.common_dir == root.resolve() / ".git"
    assert not (await repository.conditions(await repository.resolve_commit("HEAD"))).dirty_paths


async def test_a_symbolic_link_leads_to_the_real_place(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    (tmp_path / "link").symlink_to(root)
    assert (await Repository.open(tmp_path / "link")).root == root.resolve()


async def test_git_dir_in_the_environment_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    monkeypatch.setenv("GIT_DIR", str(make_repository(tmp_path / "other", {"b": "b"}) / ".git"))
    assert (await Repository.open(root)).root == root.resolve()


async def test_a_bare_one_is_recognised(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "bare.git")
    repository = await Repository.open(tmp_path / "bare.git")
    assert repository.bare
    commit = await repository.resolve_commit("main")
    assert (await repository.conditions(commit)).dirty_paths == ()


async def test_sha256_and_shallow_are_recognised(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"}, object_format="sha256")
    write_files(root, {"a": "b"})
    commit_all(root)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
    repository = await Repository.open(tmp_path / "shallow")
    assert repository.object_format == "sha256"
    assert repository.shallow


async def test_no_repository_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="no git repository here; go to one"):
        await Repository.open(tmp_path)


async def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="no such folder"):
        await Repository.open(tmp_path / "nothing")


async def test_inside_a_git_directory_is_the_wrong_place(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    with pytest.raises(RepositoryError, match=r"inside a \.git"):
        await Repository.open(root / ".git" / "objects")


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for git")
async def test_somebody_elses_is_refused_in_gits_words_unless_the_user_trusts_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    pretend_somebody_elses(tmp_path, monkeypatch)
    with pytest.raises(RepositoryError) as caught:
        await Repository.open(root)
    assert "git config --global --add safe.directory" in caught.value.advice
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {root}\n")
    repository = await Repository.open(root)
    commit = await repository.resolve_commit("HEAD")
    store = BaseStore.of(tmp_path / "cache", repository)
    await store.ensure(repository, commit)
    assert store.has(commit)


def pretend_somebody_elses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's own tests have a switch for it, which a program in front of git turns on."""
    real = shutil.which("git")
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("ref", ["HEAD", "main", "v1", "HEAD~0", "refs/heads/--output=x"])
async def test_any_name_of_a_commit_will_do(tmp_path: Path, ref: str) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "tag", "-a", "-m", "one", "v1")
    git(root, "update-ref", "refs/heads/--output=x", "HEAD")
    repository = await Repository.open(root)
    assert await repository.resolve_commit(ref) == git(root, "rev-parse", "HEAD")


@pytest.mark.parametrize("ref", ["nothing", "", "--output=x", "a\0b", "HEAD:a", "x\x1b[1m"])
async def test_anything_else_is_named_in_the_error(tmp_path: Path, ref: str) -> None:
    repository = await Repository.open(make_repository(tmp_path / "main", {"a": "a"}))
    with pytest.raises(RepositoryError, match="names no commit") as caught:
        await repository.resolve_commit(ref)
    assert "\x1b" not in str(caught.value)
    assert not (tmp_path / "main" / "x").exists()


async def test_without_any_commit_the_first_one_is_advised(tmp_path: Path) -> None:
    repository = await Repository.open(make_repository(tmp_path / "main", {}))
    with pytest.raises(RepositoryError, match="has no commit yet; make a first commit"):
        await repository.resolve_commit("HEAD")


async def test_a_replaced_commit_is_still_itself(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    first = git(root, "rev-parse", "HEAD")
    write_files(root, {"a": "b"})
    git(root, "replace", first, commit_all(root))
    repository = await Repository.open(root)
    tree = (await repository.git.run("rev-parse", f"{first}^{{tree}}")).line
    listed = (await repository.git.run("ls-tree", tree)).line
    assert git(root, "--no-replace-objects", "rev-parse", f"{first}:a") in listed


async def test_looking_changes_nothing_at_all(tmp_path: Path) -> None:
    """A file whose time stamp is new makes `git status` rewrite the index."""
    root = make_repository(tmp_path / ODD, {"a": "a", "b": "b", "s/c": "c"})
    write_files(root, {"b": "changed", "new": "new"})
    (root / "a").touch()
    before = snapshot_bytes(root)
    repository = await Repository.open(root / "s")
    commit = await repository.resolve_commit("main")
    await repository.conditions(commit)
    await BaseStore.of(tmp_path / "cache", repository).ensure(repository, commit)
    assert snapshot_bytes(root) == before
