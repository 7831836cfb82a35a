"""A worker's checkout: what it sees, what it can do, how it goes away."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from factory_engine.checkouts.plain import checkout_tree
from factory_engine.checkouts.workspace import create_workspace, remove_workspace
from factory_engine.errors import StorageError
from tests.support.repositories import git, snapshot_bytes, write_files
from tests.support.workbench import Workbench, workbench, workbench_on


async def test_it_holds_base_and_git_finds_it_clean(bench: Workbench) -> None:
    workspace = await bench.workspace()
    assert git(workspace, "rev-parse", "HEAD") == bench.base
    assert git(workspace, "branch", "--show-current") == "factory"
    assert git(workspace, "status", "--porcelain") == ""
    assert git(workspace, "remote") == ""
    assert git(workspace, "fsck", "--full") == ""
    assert (workspace / "src/b.py").read_text() == "b\n"


async def test_a_worker_can_use_git_in_it(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"src/b.py": "changed\n", "new": "new\n"})
    assert "+changed" in git(workspace, "diff")
    git(workspace, "add", "--all")
    git(workspace, "-c", "user.useConfigOnly=true", "commit", "--quiet", "-m", "mine")
    assert git(workspace, "log", "--format=%s").splitlines() == ["mine", "base"]
    git(workspace, "stash", "list")
    git(workspace, "checkout", "--quiet", "HEAD~1")


async def test_nothing_a_worker_does_with_git_reaches_the_users_repository(
    bench: Workbench,
) -> None:
    before = snapshot_bytes(bench.repository.root)
    kept = contents(bench.store.base_store.path)
    workspace = await bench.workspace()
    write_files(workspace, {"new": "new\n"})
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "-m", "mine")
    git(workspace, "config", "core.hooksPath", "/evil")
    git(workspace, "update-ref", "-d", "refs/heads/main")
    git(workspace, "gc", "--quiet", "--prune=now")
    assert snapshot_bytes(bench.repository.root) == before
    assert contents(bench.store.base_store.path) == kept


async def test_the_bytes_of_blobs_decide_whatever_the_attributes_say(tmp_path: Path) -> None:
    files = {
        ".gitattributes": "* text=auto eol=crlf ident working-tree-encoding=UTF-16 filter=x\n",
        "unix": "a\nb\n",
        "dos": "a\r\nb\r\n",
        "id": "$Id$\n",
    }
    bench = await workbench_with_attributes(tmp_path, files)
    workspace = await bench.workspace()
    for name, content in files.items():
        assert (workspace / name).read_bytes() == content.encode()
    assert git(workspace, "status", "--porcelain") == ""


async def test_executable_bits_and_links_are_checked_out(tmp_path: Path) -> None:
    bench = await links_and_modes(tmp_path)
    workspace = await bench.workspace()
    assert (workspace / "run").stat().st_mode & 0o111
    assert (workspace / "link").readlink() == Path("target/not/there")


async def test_an_existing_folder_is_not_taken_over(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(StorageError):
        await create_workspace(bench.store, bench.base, tmp_path / "there", bench.index())


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for git")
async def test_a_checkout_that_stays_incomplete_is_a_storage_error(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = bench.folder / "bin" / "git"
    program.parent.mkdir()
    real = shutil.which("git")
    words = "error: unable to write file f"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = checkout-index ] && {{ echo "{words}" >&2; exit 1; }}\n'
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(StorageError, match="unable to write file f"):
        await bench.workspace()


async def test_a_lock_that_a_killed_git_left_does_not_stand_in_the_way(bench: Workbench) -> None:
    bench.index().parent.mkdir(exist_ok=True)
    bench.index().with_name(bench.index().name + ".lock").touch()
    assert (await bench.workspace() / "README.md").exists()


async def test_a_merged_tree_is_checked_out_with_its_changes_staged(
    bench: Workbench, tmp_path: Path
) -> None:
    tree = await bench.tree_of({"new": "new\n"}, gone=("src/b.py",))
    merged = tmp_path / "merged"
    await checkout_tree(bench.store, tree, merged, bench.index("Z"), bench.base)
    assert git(merged, "status", "--porcelain") == "A  new\nD  src/b.py"
    assert git(merged, "show", ":new") == "new"
    assert git(merged, "rev-parse", "--show-toplevel") == str(merged)


def test_nothing_there_is_nothing_to_remove(tmp_path: Path) -> None:
    remove_workspace(tmp_path / "nothing")


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("kept")
    space = tmp_path / "space"
    space.mkdir()
    (space / "link").symlink_to(tmp_path / "outside")
    remove_workspace(space)
    assert not space.exists()
    assert (tmp_path / "outside" / "kept").exists()
    (tmp_path / "space").symlink_to(tmp_path / "outside")
    remove_workspace(space)
    assert (tmp_path / "outside" / "kept").exists()
    assert not space.is_symlink()


def test_folders_without_rights_go_too(tmp_path: Path) -> None:
    space = tmp_path / "space"
    (space / "a" / "b").mkdir(parents=True)
    (space / "a" / "b" / "file").write_text("x")
    (space / "a" / "b").chmod(0o000)
    (space / "a").chmod(0o500)
    remove_workspace(space)
    assert not space.exists()


def test_folders_deeper_than_a_path_can_be_long_go_too(tmp_path: Path) -> None:
    space = tmp_path / "space"
    space.mkdir()
    here = os.getcwd()
    try:
        os.chdir(space)
        for _ in range(60):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
            Path("file").write_text("x")
    finally:
        os.chdir(here)
    remove_workspace(space)
    assert not space.exists()


def test_what_cannot_be_removed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = tmp_path / "space"
    space.mkdir()

    def refuse(path: bytes) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(StorageError, match="busy"):
        remove_workspace(space)
    monkeypatch.undo()
    shutil.rmtree(space)


def contents(folder: Path) -> dict[str, str]:
    """A store without time stamps: git marks a pack as used when it is asked to write into it."""
    return {path: content for path, (_, _, content) in snapshot_bytes(folder).items()}


async def workbench_with_attributes(folder: Path, files: dict[str, str]) -> Workbench:
    """A repository that holds exactly these bytes; `git add` would convert them."""
    first = await workbench(folder, {"seed": "seed"})
    root = first.repository.root
    for name, content in files.items():
        (root / "raw").write_text(content, newline="")
        oid = git(root, "hash-object", "-w", "--no-filters", "raw")
        git(root, "update-index", "--add", "--cacheinfo", f"100644,{oid},{name}")
    git(root, "commit", "--quiet", "-m", "attributes")
    return await workbench_on(folder, root)


async def links_and_modes(folder: Path) -> Workbench:
    bench = await workbench(folder, {"run": "#!/bin/sh\n"})
    root = bench.repository.root
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("target/not/there")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "links")
    return await workbench_on(folder, root)
