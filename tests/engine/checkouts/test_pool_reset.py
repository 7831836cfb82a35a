"""A used workspace made as good as new."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from factory_engine.checkouts.pool_record import record_of, write_record
from factory_engine.checkouts.workspace import reset_workspace
from factory_engine.git.store import create_run_store
from tests.support.changes import CHANGES, Change
from tests.support.repositories import commit_all, git, make_repository, write_files
from tests.support.workbench import Workbench, workbench, workbench_on

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows enough to reuse")


async def handed_out(bench: Workbench) -> Path:
    workspace = await bench.workspace()
    write_record(workspace, bench.index())
    return workspace


def state(workspace: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of everything but git's own files."""
    found = {}
    for folder, folders, files in os.walk(workspace):
        if Path(folder) == workspace:
            folders.remove(".git")
        for name in folders + files:
            entry = Path(folder, name)
            content = b"" if entry.is_symlink() or entry.is_dir() else entry.read_bytes()
            found[str(entry.relative_to(workspace))] = (entry.lstat().st_mode, content)
    return found


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_whatever_a_worker_did_it_is_base_again(bench: Workbench, change: Change) -> None:
    workspace = await handed_out(bench)
    fresh = state(workspace)
    change(workspace)
    await bench.collect(workspace)
    assert await reset_workspace(bench.store, bench.base, workspace, bench.index())
    assert state(workspace) == fresh
    assert git(workspace, "status", "--porcelain", "--ignored") == ""


async def test_git_waits_for_no_pipe_in_the_place_of_a_file_that_it_reads(tmp_path: Path) -> None:
    names = (".gitignore", ".gitattributes", "src/.gitattributes")
    bench = await workbench(tmp_path, dict.fromkeys(names, "") | {"src/z": "z"})
    workspace = await handed_out(bench)
    fresh = state(workspace)
    for name in names:
        (workspace / name).unlink()
        os.mkfifo(workspace / name)
    (workspace / "src/z").unlink()
    assert await reset_workspace(bench.store, bench.base, workspace, bench.index())
    assert state(workspace) == fresh


async def test_nothing_of_the_old_run_is_left(bench: Workbench, tmp_path: Path) -> None:
    workspace = await handed_out(bench)
    fresh = state(workspace)
    write_files(workspace, {"x.log": "ignored", "build/o": "o", "src/b.py": "changed"})
    make_repository(workspace / "nested", {"x": "x"})
    make_repository(workspace / "src/deep", {"x": "x"})
    (workspace / "empty").mkdir()
    (workspace / "outside").symlink_to(tmp_path)
    for name, mode in (("docs", 0o777), ("src/b.py", 0o000)):
        (workspace / name).chmod(mode)
    git(workspace, "commit", "--quiet", "--allow-empty", "-m", "mine")
    git(workspace, "config", "core.hooksPath", "/evil")
    (workspace / ".git/hooks").mkdir(exist_ok=True)
    (workspace / "src").chmod(0o000)
    assert await reset_workspace(bench.store, bench.base, workspace, bench.index())
    assert state(workspace) == fresh
    assert git(workspace, "log", "--format=%H") == bench.base
    assert git(workspace, "config", "core.hooksPath", check=False) == ""
    assert not (workspace / ".git/hooks").exists()
    assert tmp_path.is_dir()


async def test_another_base_and_another_run_are_fine(bench: Workbench, tmp_path: Path) -> None:
    workspace = await handed_out(bench)
    write_files(workspace, {"src/b.py": "changed by the first run"})
    await bench.collect(workspace)
    root = bench.repository.root
    write_files(root, {"src/b.py": "later\n", "later/new": "new\n"})
    (root / "docs/guide.md").unlink()
    later = commit_all(root)
    base_store = bench.store.base_store
    await base_store.ensure(bench.repository, later)
    store = await create_run_store(tmp_path / "run2" / "git", base_store, "sha1")
    assert await reset_workspace(store, later, workspace, bench.index())
    assert (workspace / "src/b.py").read_text() == "later\n"
    assert not (workspace / "docs").exists()
    assert git(workspace, "rev-parse", "HEAD") == later
    assert git(workspace, "status", "--porcelain") == ""


async def test_the_folder_of_a_submodule_is_empty_again(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"i": "i"})
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "submodule", "--quiet", "add", str(inner), "sub")
    commit_all(root)
    bench = await workbench_on(tmp_path, root)
    workspace = await handed_out(bench)
    write_files(workspace, {"sub/x": "x"})
    assert await reset_workspace(bench.store, bench.base, workspace, bench.index())
    assert list((workspace / "sub").iterdir()) == []


async def test_a_submodule_without_its_folder_gets_it_back(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"i": "i"})
    root = make_repository(tmp_path / "main", {"a": "a"})
    git(root, "submodule", "--quiet", "add", str(inner), "sub")
    commit_all(root)
    bench = await workbench_on(tmp_path, root)
    workspace = await handed_out(bench)
    (workspace / "sub").rmdir()
    assert await reset_workspace(bench.store, bench.base, workspace, bench.index())
    assert list((workspace / "sub").iterdir()) == []


async def test_the_index_that_a_worker_could_ruin_is_not_needed(bench: Workbench) -> None:
    workspace = await handed_out(bench)
    fresh = state(workspace)
    write_files(workspace, {"src/b.py": "changed"})
    bench.index().write_bytes(b"ruined")
    assert await reset_workspace(bench.store, bench.base, workspace, bench.index())
    assert state(workspace) == fresh


async def test_one_without_a_record_is_given_up(bench: Workbench) -> None:
    workspace = await handed_out(bench)
    record = record_of(bench.index())
    whole = record.read_bytes()
    for content in (b"", b"ruined", whole[:-1], whole.replace(b" ", b" 0", 1), whole + b"\0"):
        record.write_bytes(content)
        assert not await reset_workspace(bench.store, bench.base, workspace, bench.index())
    record.unlink()
    assert not await reset_workspace(bench.store, bench.base, workspace, bench.index())


async def test_one_that_is_gone_is_given_up(bench: Workbench, tmp_path: Path) -> None:
    workspace = await handed_out(bench)
    shutil.rmtree(workspace)
    assert not await reset_workspace(bench.store, bench.base, workspace, bench.index())
    workspace.symlink_to(tmp_path)
    assert not await reset_workspace(bench.store, bench.base, workspace, bench.index())
