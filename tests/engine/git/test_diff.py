"""What differs between two trees, in three views that agree."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from factory_engine.errors import GitError
from factory_engine.git.apply import apply_patch
from factory_engine.git.diff import (
    FileChange,
    TreeChange,
    blobs,
    each_blob,
    file_changes,
    patch,
    tree_changes,
    tree_paths,
)
from tests.support.changes import CHANGES, Change
from tests.support.repositories import git, isolated_environment, write_files
from tests.support.workbench import Workbench, workbench


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_the_patch_gives_the_tree_back_to_us_and_to_plain_git_apply(
    bench: Workbench, change: Change
) -> None:
    workspace = await bench.workspace()
    change(workspace)
    tree = (await bench.collect(workspace)).tree
    made = await patch(bench.git, bench.base, tree)
    applied = await apply_patch(bench.git, bench.base, made, bench.folder / "scratch.index")
    assert (applied.tree, applied.rejection, applied.offsets) == (tree, "", ())
    root = bench.repository.root
    if made:
        command = ["git", "apply", "--index", "--whitespace=nowarn", "-"]
        subprocess.run(command, cwd=root, env=isolated_environment(), input=made, check=True)
    assert git(root, "write-tree") == tree


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_the_views_name_the_same_paths_and_contents(bench: Workbench, change: Change) -> None:
    workspace = await bench.workspace()
    change(workspace)
    tree = (await bench.collect(workspace)).tree
    raw = await tree_changes(bench.git, bench.base, tree)
    files = await file_changes(bench.git, bench.base, tree)
    old_names = {f.previous_path for f in files if f.previous_path is not None}
    assert {change.path for change in raw} == {f.path for f in files} | old_names
    assert [f.path for f in files] == sorted(f.path for f in files)
    new = {change.path: change for change in raw}
    contents = await blobs(bench.git, {c.new_oid or c.old_oid or "" for c in raw})
    for file in files:
        entry = new[file.path]
        assert file.mode == (entry.new_mode or entry.old_mode)
        assert file.sha256 == sha256(contents[entry.new_oid or entry.old_oid or ""])


async def tree_after(bench: Workbench, *names: str) -> str:
    workspace = await bench.workspace()
    for name in names:
        CHANGES[name](workspace)
    return (await bench.collect(workspace)).tree


async def test_each_kind_of_change_has_its_name(bench: Workbench) -> None:
    workspace = await bench.workspace()
    write_files(workspace, {"README.md": "one\n2\nthree\n", "new": "1\n2\n"})
    (workspace / "src/a.py").rename(workspace / "src/z.py")
    (workspace / "src/b.py").chmod(0o755)
    (workspace / "docs/guide.md").unlink()
    (workspace / "image.bin").write_bytes(b"\0")
    tree = (await bench.collect(workspace)).tree
    found = await file_changes(bench.git, bench.base, tree)
    lines = (workspace / "src/z.py").read_bytes()
    mode = "100644"
    assert found == (
        FileChange(b"README.md", "modified", None, mode, 1, 1, False, sha256(b"one\n2\nthree\n")),
        FileChange(b"docs/guide.md", "deleted", None, mode, 0, 1, False, sha256(b"guide\n")),
        FileChange(b"image.bin", "modified", None, mode, 0, 0, True, sha256(b"\0")),
        FileChange(b"new", "added", None, mode, 2, 0, False, sha256(b"1\n2\n")),
        FileChange(b"src/b.py", "mode", None, "100755", 0, 0, False, sha256(b"b\n")),
        FileChange(b"src/z.py", "renamed", b"src/a.py", mode, 0, 0, False, sha256(lines)),
    )


async def test_a_link_is_hashed_by_its_target(bench: Workbench) -> None:
    tree = await tree_after(bench, "file becomes link")
    (link,) = await file_changes(bench.git, bench.base, tree)
    assert (link.mode, link.change_type, link.sha256) == ("120000", "modified", sha256(b"a.py"))


async def test_a_submodule_has_no_content(bench: Workbench, tmp_path: Path) -> None:
    index = tmp_path / "index"
    scratch = bench.git.with_index(index)
    await scratch.run("read-tree", bench.base)
    entry = f"160000,{bench.base},sub"
    await scratch.run("update-index", "--add", "--cacheinfo", entry)
    tree = (await scratch.run("write-tree")).line
    (change,) = await file_changes(bench.git, bench.base, tree)
    assert (change.mode, change.change_type, change.sha256) == ("160000", "added", sha256(b""))
    assert await tree_changes(bench.git, bench.base, tree) == (
        TreeChange(b"sub", None, "160000", None, bench.base),
    )


async def test_a_rename_is_two_changes_for_judging(bench: Workbench) -> None:
    tree = await tree_after(bench, "rename")
    oid = git(bench.store.path, "rev-parse", f"{bench.base}:src/a.py")
    assert await tree_changes(bench.git, bench.base, tree) == (
        TreeChange(b"lib/a.py", None, "100644", None, oid),
        TreeChange(b"src/a.py", "100644", None, oid, None),
    )


async def test_the_patch_depends_on_nothing_but_the_trees(
    bench: Workbench, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = await tree_after(bench, "one line", "new binary", "name that is no UTF-8", "deletion")
    before = await patch(bench.git, bench.base, tree)
    ids = re.findall(rb"^index (\S+)", before, re.MULTILINE)
    assert {len(pair) for pair in ids} == {82}
    (home / ".gitconfig").write_text(
        "[diff]\n\tnoprefix = true\n\tcontext = 9\n\talgorithm = patience\n"
        "\tmnemonicPrefix = true\n"
        "[core]\n\tabbrev = 4\n\tquotePath = false\n\tcompression = 9\n[color]\n\tui = always\n"
    )
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=0")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert await patch(bench.git, bench.base, tree) == before
    assert await patch(bench.git, f"{bench.base}^{{tree}}", tree) == before


async def test_blobs_of_all_sizes_come_back_whole_and_in_order(bench: Workbench) -> None:
    contents = [b"", b"\n", b"x" * 3_000_000, b"\0" * 70_000, b"a\nb\n"]
    oids = [
        (await bench.git.run("hash-object", "-w", "--stdin", stdin=content)).line
        for content in contents
    ]
    seen: list[tuple[str, bytes]] = []
    await each_blob(bench.git, oids, lambda oid, content: seen.append((oid, content)))
    assert seen == list(zip(oids, contents, strict=True))
    assert await blobs(bench.git, []) == {}


async def test_a_missing_blob_is_named(bench: Workbench) -> None:
    with pytest.raises(GitError, match=r"object 1{40} is missing"):
        await blobs(bench.git, ["1" * 40])


async def test_the_paths_of_a_tree_are_sorted_by_bytes(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a/b": "1", "a.c": "2", "B": "3"})
    found = await tree_paths(bench.git, bench.base)
    assert [path for path, _, _ in found] == [b"B", b"a.c", b"a/b"]
    assert {mode for _, mode, _ in found} == {"100644"}


async def test_sha256_repositories_are_described_too(tmp_path: Path) -> None:
    bench = await workbench(tmp_path, {"a": "a\n"}, object_format="sha256")
    workspace = await bench.workspace()
    write_files(workspace, {"a": "b\n"})
    tree = (await bench.collect(workspace)).tree
    made = await patch(bench.git, bench.base, tree)
    applied = await apply_patch(bench.git, bench.base, made, tmp_path / "index")
    assert applied.tree == tree
    (change,) = await file_changes(bench.git, bench.base, tree)
    assert change.sha256 == sha256(b"b\n")
