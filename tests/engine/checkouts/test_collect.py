"""What a worker changed, as a tree: all of it, and nothing but files decides."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.checkouts.collect import CollectLimits, UncollectedCode
from factory_engine.checkouts.workspace import remove_workspace
from factory_engine.errors import CollectError
from factory_engine.git.diff import tree_changes
from tests.support.changes import CHANGES, Change
from tests.support.repositories import commit_all, git, make_repository, write_files
from tests.support.workbench import LIMITS, Workbench, tree_by_git_itself, workbench_on

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


async def changed(bench: Workbench, tree: str) -> list[bytes]:
    return [change.path for change in await tree_changes(bench.git, bench.base, tree)]


async def problems(
    bench: Workbench, workspace: Path, limits: CollectLimits = LIMITS
) -> list[tuple[UncollectedCode, bytes]]:
    found = (await bench.collect(workspace, limits)).problems
    return [(problem.code, problem.path) for problem in found]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_the_tree_is_the_one_that_git_add_makes(
    bench: Workbench, tmp_path: Path, change: Change
) -> None:
    workspace = await bench.workspace()
    change(workspace)
    # Git itself has to run where no attributes convert, which is what the store's are for.
    expected = tree_by_git_itself(workspace, bench.base, bench.store, tmp_path / "by-git.index")
    collected = await bench.collect(workspace)
    assert collected.tree == expected
    assert collected.problems == ()


async def test_collecting_twice_gives_the_same(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"src/b.py": "changed", "new": "new"})
    assert await bench.collect(workspace) == await bench.collect(workspace)


async def test_sha256_repositories_are_collected_too(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a"}, object_format="sha256")
    bench = await workbench_on(tmp_path, root)
    workspace = await bench.workspace()
    write_files(workspace, {"a": "changed"})
    tree = (await bench.collect(workspace)).tree
    assert len(tree) == 64
    assert bench.show(tree, "a") == "changed"


async def test_a_change_that_hides_behind_an_old_time_stamp_is_found(bench: Workbench) -> None:
    workspace = await bench.workspace()
    file = workspace / "src/a.py"
    facts = file.stat()
    # Git reads contents anyway as long as file and index are of one second.
    later = facts.st_mtime_ns + 10**9
    os.utime(bench.index(), ns=(later, later))
    await asyncio.sleep(1.05)
    file.write_bytes(file.read_bytes().replace(b"line 1\n", b"LINE 1\n"))
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert await changed(bench, (await bench.collect(workspace)).tree) == [b"src/a.py"]


async def test_staged_and_committed_work_counts_as_it_lies_on_disk(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"committed": "1", "staged": "1", "src/b.py": "1"})
    git(workspace, "add", "committed")
    git(workspace, "commit", "--quiet", "-m", "mine")
    git(workspace, "add", "staged")
    write_files(workspace, {"committed": "2"})
    collected = await bench.collect(workspace)
    assert await changed(bench, collected.tree) == [b"committed", b"src/b.py", b"staged"]
    assert bench.show(collected.tree, "committed") == "2"
    assert collected.notes == ("the worker moved HEAD or committed; only the files count",)


async def test_an_ignored_file_that_was_added_by_force_is_collected(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"wanted.log": "w", "other.log": "o", "build/x": "x"})
    git(workspace, "add", "--force", "wanted.log")
    collected = await bench.collect(workspace)
    assert await changed(bench, collected.tree) == [b"wanted.log"]


async def test_names_in_the_workers_index_lead_to_nothing_outside(
    bench: Workbench, tmp_path: Path
) -> None:
    workspace = await bench.workspace()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.log").write_text("secret")
    oid = git(workspace, "hash-object", "-w", "README.md")
    git(workspace, "update-index", "--add", "--cacheinfo", f"100644,{oid},trap/secret.log")
    (workspace / "trap").symlink_to(tmp_path / "outside")
    collected = await bench.collect(workspace)
    assert await changed(bench, collected.tree) == [b"trap"]
    assert bench.show(collected.tree, "trap") == str(tmp_path / "outside")


@pytest.mark.parametrize(
    "content", [b"", b"DIRC", b"garbage" * 1000, b"DIRC\0\0\0\2\xff\xff\xff\xff"]
)
async def test_a_ruined_index_of_the_worker_is_noted_and_changes_nothing(
    bench: Workbench, content: bytes
) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"new": "new"})
    (workspace / ".git/index").write_bytes(content)
    collected = await bench.collect(workspace)
    assert await changed(bench, collected.tree) == [b"new"]
    assert any("index" in note for note in collected.notes)


def _deleted(git_dir: Path) -> None:
    shutil.rmtree(git_dir)


def _a_file(git_dir: Path) -> None:
    shutil.rmtree(git_dir)
    git_dir.write_text("gitdir: /nowhere\n")


def _a_link(git_dir: Path) -> None:
    git_dir.rename(git_dir.parent.parent / "elsewhere")
    git_dir.symlink_to(git_dir.parent.parent / "elsewhere")


def _linked_index(git_dir: Path) -> None:
    (git_dir / "index").rename(git_dir / "index2")
    (git_dir / "index").symlink_to("index2")


def _folder_for_index(git_dir: Path) -> None:
    (git_dir / "index").unlink()
    (git_dir / "index").mkdir()


def _pipes(git_dir: Path) -> None:
    for name in ("index", "HEAD", "config"):
        (git_dir / name).unlink()
        os.mkfifo(git_dir / name)


def _moved_head(git_dir: Path) -> None:
    git(git_dir.parent, "checkout", "--quiet", "--orphan", "nothing")
    git(git_dir.parent, "rm", "--quiet", "--cached", "-r", ".")


def _everything_assumed_unchanged(git_dir: Path) -> None:
    git(git_dir.parent, "update-index", "--assume-unchanged", "src/b.py", "README.md")
    git(git_dir.parent, "update-index", "--skip-worktree", "src/a.py")


def _excluded(git_dir: Path) -> None:
    (git_dir / "info/exclude").write_text("*\n")
    git(git_dir.parent, "config", "core.worktree", "/tmp")
    git(git_dir.parent, "config", "core.excludesFile", "/dev/zero")


@posix_only
@pytest.mark.parametrize(
    "damage",
    [
        _deleted,
        _a_file,
        _a_link,
        _linked_index,
        _folder_for_index,
        _pipes,
        _moved_head,
        _everything_assumed_unchanged,
        _excluded,
    ],
)
async def test_no_damage_to_the_workspaces_git_changes_what_is_collected(
    bench: Workbench, damage: Callable[[Path], None]
) -> None:
    workspace = await bench.workspace()
    damage(workspace / ".git")
    write_files(workspace, {"src/b.py": "changed", "README.md": "changed", "new": "new"})
    (workspace / "src/a.py").unlink()
    collected = await bench.collect(workspace)
    expected = [b"README.md", b"new", b"src/a.py", b"src/b.py"]
    assert await changed(bench, collected.tree) == expected
    assert collected.problems == ()


async def test_a_missing_git_directory_is_noted(bench: Workbench) -> None:
    workspace = await bench.workspace()
    shutil.rmtree(workspace / ".git")
    assert "removed or replaced" in (await bench.collect(workspace)).notes[0]


@posix_only
async def test_nothing_that_a_worker_configured_is_executed(
    bench: Workbench, tmp_path: Path
) -> None:
    workspace = await bench.workspace()
    trap = f"touch {tmp_path}/sprung; cat"
    for key in (
        "core.fsmonitor",
        "filter.trap.clean",
        "filter.trap.process",
        "diff.external",
        "diff.trap.command",
        "diff.trap.textconv",
        "merge.trap.driver",
        "core.sshCommand",
        "core.pager",
    ):
        git(workspace, "config", key, trap)
    git(workspace, "config", "core.hooksPath", str(workspace / "hooks"))
    traps: dict[str, str] = {
        f"hooks/{name}": f"#!/bin/sh\n{trap}\n" for name in ("post-index-change", "pre-commit")
    }
    write_files(workspace, traps)
    write_files(workspace, {".gitattributes": "* filter=trap diff=trap merge=trap\n"})
    for name in traps:
        (workspace / name).chmod(0o755)
    (workspace / "sub").mkdir()
    git(workspace / "sub", "init", "--quiet")
    git(workspace / "sub", "config", "core.fsmonitor", trap)
    write_files(workspace, {"src/b.py": "changed", "sub/x": "x"})
    collected = await bench.collect(workspace)
    assert not (tmp_path / "sprung").exists()
    assert b"src/b.py" in await changed(bench, collected.tree)


async def test_a_file_that_is_too_large_is_a_problem_and_the_rest_is_collected(
    bench: Workbench,
) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"small": "s", "large": b"x" * 100_001, "src/b.py": b"x" * 100_001})
    with open(workspace / "holes", "wb") as file:
        file.truncate(5 << 40)
    collected = await bench.collect(workspace)
    assert [(p.code, p.path) for p in collected.problems] == [
        (UncollectedCode.TOO_LARGE, b"holes"),
        (UncollectedCode.TOO_LARGE, b"large"),
        (UncollectedCode.TOO_LARGE, b"src/b.py"),
    ]
    assert await changed(bench, collected.tree) == [b"small"]


async def test_a_large_file_of_base_that_was_only_touched_is_no_problem(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"large": b"x" * 200_000})
    bench = await workbench_on(tmp_path, root)
    workspace = await bench.workspace()
    os.utime(workspace / "large", (1, 1))
    collected = await bench.collect(workspace)
    assert (collected.problems, await changed(bench, collected.tree)) == ((), [])


async def test_too_many_files_are_one_problem_and_nothing_is_collected(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {f"new/{n}": "n" for n in range(20)})
    few = CollectLimits(max_files=19, max_file_bytes=1000)
    collected = await bench.collect(workspace, few)
    assert [(p.code, p.path) for p in collected.problems] == [(UncollectedCode.TOO_MANY_FILES, b"")]
    assert await changed(bench, collected.tree) == []
    enough = CollectLimits(max_files=20, max_file_bytes=1000)
    assert (await bench.collect(workspace, enough)).problems == ()


async def test_touching_more_files_than_are_allowed_to_change_is_no_problem(
    bench: Workbench,
) -> None:
    workspace = await bench.workspace()
    for file in workspace.rglob("*.*"):
        if file.is_file() and ".git/" not in str(file):
            os.utime(file, (1, 1))
    write_files(workspace, {"src/b.py": "changed"})
    few = CollectLimits(max_files=1, max_file_bytes=100_000)
    collected = await bench.collect(workspace, few)
    assert (collected.problems, await changed(bench, collected.tree)) == ((), [b"src/b.py"])


async def test_touched_and_new_files_are_counted_by_what_changed(bench: Workbench) -> None:
    workspace = await bench.workspace()
    os.utime(workspace / "src/a.py", (1, 1))
    write_files(workspace, {"x": "x", "y": "y"})
    two = CollectLimits(max_files=2, max_file_bytes=100_000)
    collected = await bench.collect(workspace, two)
    assert (collected.problems, await changed(bench, collected.tree)) == ((), [b"x", b"y"])


@posix_only
@pytest.mark.parametrize("name", [".gitignore", "docs/.gitignore", "src/.gitattributes"])
@pytest.mark.parametrize("kind", ["pipe", "holes"])
async def test_a_file_that_would_hold_git_up_blocks_the_worker_at_once(
    bench: Workbench, name: str, kind: str
) -> None:
    workspace = await bench.workspace()
    (workspace / name).unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(workspace / name)
    else:
        with open(workspace / name, "wb") as file:
            file.truncate(5 << 40)
    with pytest.raises(CollectError, match="never finish reading") as caught:
        await bench.collect(workspace)
    assert caught.value.where == name


@posix_only
async def test_folders_deeper_than_a_path_can_be_long_are_a_problem(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"new": "new"})
    monkeypatch.chdir(workspace)
    for _ in range(30):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        Path("file").write_text("x")
    monkeypatch.undo()
    collected = await bench.collect(workspace)
    assert {problem.code for problem in collected.problems} == {UncollectedCode.UNREADABLE}
    assert b"new" in await changed(bench, collected.tree)
    remove_workspace(workspace)


@posix_only
async def test_pipes_and_sockets_are_problems_unless_they_are_ignored(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = await bench.workspace()
    os.mkfifo(workspace / "pipe")
    os.mkfifo(workspace / "pipe.log")
    (workspace / "src/b.py").unlink()
    os.mkfifo(workspace / "src/b.py")
    monkeypatch.chdir(workspace)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("docs/socket")
    assert await problems(bench, workspace) == [
        (UncollectedCode.SPECIAL_FILE, b"docs/socket"),
        (UncollectedCode.SPECIAL_FILE, b"pipe"),
        (UncollectedCode.SPECIAL_FILE, b"src/b.py"),
    ]


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="only an ordinary user can be shut out"
)
async def test_what_cannot_be_read_is_a_problem_and_the_rest_is_collected(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"new": "n", "closed": "c", "dark/x": "x", "x.log": "l"})
    for name in ("closed", "src/a.py", "dark", "docs", "x.log"):
        (workspace / name).chmod(0o000)
    collected = await bench.collect(workspace)
    (workspace / "docs").chmod(0o755)
    assert [(p.code, p.path) for p in collected.problems] == [
        (UncollectedCode.UNREADABLE, path) for path in (b"closed", b"dark", b"docs", b"src/a.py")
    ]
    assert await changed(bench, collected.tree) == [b"new"]


async def test_a_repository_inside_the_workspace_is_a_problem(bench: Workbench) -> None:
    workspace = await bench.workspace()
    make_repository(workspace / "vendor/lib", {"x": "x"})
    make_repository(workspace / "empty", {})
    make_repository(workspace / "build/ignored", {"x": "x"})
    write_files(workspace, {"new": "new"})
    collected = await bench.collect(workspace)
    found = [(p.code, p.path) for p in collected.problems]
    assert (UncollectedCode.NESTED_REPOSITORY, b"vendor/lib") in found
    assert all(code is UncollectedCode.NESTED_REPOSITORY for code, _ in found)
    assert await changed(bench, collected.tree) == [b"new"]


async def with_submodule(folder: Path) -> Workbench:
    inner = make_repository(folder / "inner", {"i": "i"})
    root = make_repository(folder / "main", {"a": "a"})
    git(root, "submodule", "--quiet", "add", str(inner), "sub")
    commit_all(root)
    return await workbench_on(folder, root)


@pytest.mark.parametrize("instead", [None, "file", "link"])
async def test_a_submodule_that_was_removed_or_replaced_is_a_change(
    tmp_path: Path, instead: str | None
) -> None:
    bench = await with_submodule(tmp_path)
    workspace = await bench.workspace()
    (workspace / "sub").rmdir()
    if instead == "file":
        (workspace / "sub").write_text("a file")
    if instead == "link":
        (workspace / "sub").symlink_to(tmp_path)
    expected = tree_by_git_itself(workspace, bench.base, bench.store, tmp_path / "by-git.index")
    collected = await bench.collect(workspace)
    assert (collected.tree, collected.problems) == (expected, ())
    assert await changed(bench, collected.tree) == [b"sub"]


async def test_files_put_into_a_submodule_are_a_problem(tmp_path: Path) -> None:
    bench = await with_submodule(tmp_path)
    workspace = await bench.workspace()
    assert await problems(bench, workspace) == []
    write_files(workspace, {"sub/x": "x"})
    assert await problems(bench, workspace) == [(UncollectedCode.NESTED_REPOSITORY, b"sub")]


async def test_a_name_that_git_refuses_is_a_problem_and_the_rest_is_collected(
    bench: Workbench,
) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {".GIT/config": "x", "a/.gi\u200ct/x": "x", "git~1": "x", "new": "new"})
    collected = await bench.collect(workspace)
    assert [(p.code, p.path) for p in collected.problems] == [
        (UncollectedCode.REFUSED_NAME, b".GIT/config"),
        (UncollectedCode.REFUSED_NAME, "a/.gi\u200ct/x".encode()),
        (UncollectedCode.REFUSED_NAME, b"git~1"),
    ]
    assert await changed(bench, collected.tree) == [b"new"]


async def test_a_workspace_that_is_gone_cannot_be_collected(
    bench: Workbench, tmp_path: Path
) -> None:
    workspace = await bench.workspace()
    workspace.rename(tmp_path / "moved")
    with pytest.raises(CollectError, match="the workspace is gone"):
        await bench.collect(workspace)
    workspace.symlink_to(tmp_path / "moved")
    with pytest.raises(CollectError, match="the workspace is gone"):
        await bench.collect(workspace)
