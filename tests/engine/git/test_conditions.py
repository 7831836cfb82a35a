"""What a run should know of the user's repository before it starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory_engine.git.conditions import MOST_LISTED, RepositoryConditions
from factory_engine.git.repository import Repository
from tests.support.repositories import (
    commit_all,
    git,
    make_repository,
    snapshot_bytes,
    write_files,
)


async def conditions(root: Path, excluded: tuple[str, ...] = ()) -> RepositoryConditions:
    repository = await Repository.open(root)
    folders = [repository.root / name for name in excluded]
    base = await repository.resolve_commit("main")
    return await repository.conditions(base, excluded=folders)


async def test_a_clean_repository_has_nothing_to_report(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a", ".gitignore": "*.log\n"})
    write_files(root, {"x.log": "ignored"})
    assert await conditions(root) == RepositoryConditions(
        operation_in_progress=None,
        dirty_paths=(),
        dirty_truncated=False,
        submodules=(),
        filtered_paths=(),
        shallow=False,
        partial=False,
        incomplete=False,
        index_locked=False,
        detached=False,
    )


async def test_modified_staged_deleted_and_new_files_are_dirty(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a", "b": "b", "c": "c", "d": "d"})
    write_files(root, {"a": "changed", "b": "staged", "new/x": "x", "new/y": "y"})
    git(root, "add", "b")
    (root / "c").unlink()
    assert (await conditions(root)).dirty_paths == (b"a", b"b", b"c", b"new/")


async def test_the_users_own_ignore_file_counts(home: Path, tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    (home / "ignore").write_text("*.swp\n")
    (home / ".gitconfig").write_text(f"[core]\n\texcludesFile = {home / 'ignore'}\n")
    write_files(root, {"x.swp": "x"})
    assert (await conditions(root)).dirty_paths == ()


async def test_an_excluded_folder_is_not_looked_at(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"tools/a": "a"})
    write_files(root, {"tools/runs [1]/x/y": "y", "tools/other": "o"})
    found = await conditions(root, excluded=("tools/runs [1]",))
    assert found.dirty_paths == (b"tools/other",)


async def test_very_many_dirty_paths_are_cut(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    write_files(root, {f"new{n}": "" for n in range(MOST_LISTED + 10)})
    found = await conditions(root)
    assert len(found.dirty_paths) == MOST_LISTED
    assert found.dirty_truncated


@pytest.mark.parametrize(
    ("prepare", "operation"),
    [
        (("merge", "other"), "merge"),
        (("rebase", "other"), "rebase"),
        (("cherry-pick", "other"), "cherry-pick"),
        (("bisect", "start"), "bisect"),
    ],
)
async def test_an_operation_in_progress_is_named(
    tmp_path: Path, prepare: tuple[str, ...], operation: str
) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "checkout", "--quiet", "-b", "other")
    write_files(root, {"a": "other"})
    commit_all(root)
    git(root, "checkout", "--quiet", "main")
    write_files(root, {"a": "mine"})
    commit_all(root)
    git(root, *prepare, check=False)
    assert (await conditions(root)).operation_in_progress == operation


async def test_a_revert_that_stopped_is_named(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "1"})
    for content in ("2", "3"):
        write_files(root, {"a": content})
        commit_all(root)
    git(root, "revert", "HEAD~1", check=False)
    assert (await conditions(root)).operation_in_progress == "revert"


async def test_detached_locked_shallow_and_partial_are_seen(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a": "a"})
    write_files(origin, {"a": "b"})
    commit_all(origin)
    git(origin, "config", "uploadpack.allowFilter", "true")
    url = f"file://{origin}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--filter=blob:none", url, "clone")
    root = tmp_path / "clone"
    git(root, "checkout", "--quiet", "--detach")
    (root / ".git" / "index.lock").touch()
    found = await conditions(root)
    assert (found.detached, found.index_locked, found.shallow, found.partial) == (True,) * 4
    assert (root / ".git" / "index.lock").exists()


@pytest.mark.parametrize("filtered", ["blob:none", "tree:0"])
async def test_a_partial_clone_is_looked_at_without_a_fetch(tmp_path: Path, filtered: str) -> None:
    files = {"a": "a", "sub/.gitattributes": "* filter=lfs\n"}
    origin = make_repository(tmp_path / "origin", files)
    git(origin, "config", "uploadpack.allowFilter", "true")
    url = f"file://{origin}"
    git(tmp_path, "clone", "--quiet", "--no-checkout", f"--filter={filtered}", url, "clone")
    before = snapshot_bytes(tmp_path / "clone")
    found = await conditions(tmp_path / "clone")
    assert found.partial
    assert found.incomplete
    assert snapshot_bytes(tmp_path / "clone") == before


async def test_a_partial_clone_that_has_all_of_base_is_complete(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a": "a", "sub/b": "b"})
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{origin}", "clone")
    found = await conditions(tmp_path / "clone")
    assert found.partial
    assert not found.incomplete


async def test_submodules_of_the_base_are_listed(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"i": "i"})
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "submodule", "--quiet", "add", str(inner), "vendor/a b")
    commit_all(root)
    found = await conditions(root)
    assert found.submodules == (b"vendor/a b",)
    assert found.dirty_paths == ()


async def test_paths_with_a_filter_are_listed_by_the_bases_own_attributes(tmp_path: Path) -> None:
    root = make_repository(
        tmp_path / "main",
        {
            ".gitattributes": "*.bin filter=lfs -text\nplain.bin !filter\n",
            "a.bin": "a",
            "plain.bin": "p",
            "sub/.gitattributes": "x filter=other\n",
            "sub/x": "x",
            "sub/y": "y",
        },
    )
    write_files(root, {".gitattributes": "", "sub/.gitattributes": ""})
    assert (await conditions(root)).filtered_paths == (b"a.bin", b"sub/x")


@pytest.mark.skipif(os.name != "posix", reason="the traps are shell lines")
async def test_no_filter_monitor_or_hook_runs(home: Path, tmp_path: Path) -> None:
    attributes = "a.bin filter=trap\nb.bin filter=also.a=trap\n"
    files = {"a.bin": "a", "b.bin": "b", ".gitattributes": attributes}
    root = make_repository(tmp_path / "main", files)
    trap = f"touch '{tmp_path}/sprung'; cat"
    git(root, "config", "filter.trap.clean", trap)
    git(root, "config", "filter.trap.process", trap)
    git(root, "config", "filter.trap.required", "true")
    git(root, "config", "core.fsmonitor", trap)
    (home / ".gitconfig").write_text(f'[filter "also.a=trap"]\n\tclean = "{trap}"\n')
    hooks = root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\n{trap}\n")
        (hooks / name).chmod(0o755)
    write_files(root, {"a.bin": "b", "b.bin": "c"})
    before = snapshot_bytes(root)
    found = await conditions(root)
    assert found.dirty_paths == (b"a.bin", b"b.bin")
    assert not (tmp_path / "sprung").exists()
    assert snapshot_bytes(root) == before
