"""A snapshot sees every change of a repository, and none where there was none."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.git.index_entries import entries_of
from factory_engine.git.snapshot import Snapshot, differences, take_snapshot
from tests.support.repositories import (
    commit_all,
    git,
    isolated_environment,
    make_repository,
    write_files,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = make_repository(tmp_path / "project", {"a": "a", "src/b.py": "b", "runs/old": "o"})
    (path / ".git/hooks").mkdir(exist_ok=True)
    return path


def look(root: Path) -> Snapshot:
    git_dir = root / ".git"
    return take_snapshot(root, git_dir, git_dir, excluded=[root / "runs"])


def _rewrite_in_disguise(root: Path) -> None:
    facts = (root / "a").stat()
    (root / "a").write_text("A")
    os.utime(root / "a", ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _edit_config(root: Path) -> None:
    git(root, "config", "user.name", "x")


def _replace_same(root: Path) -> None:
    (root / "fresh").write_text("a")
    (root / "fresh").replace(root / "a")


CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda root: (root / "a").write_text("changed"), "a changed"),
    (_rewrite_in_disguise, "a changed"),
    (_replace_same, "a changed"),
    (lambda root: (root / "a").touch(), "a changed"),
    (lambda root: (root / "a").chmod(0o600), "a changed"),
    (lambda root: (root / "src").chmod(0o700), "src changed"),
    (lambda root: (root / "new").write_text("n"), "new appeared"),
    (lambda root: (root / "empty").mkdir(), "empty appeared"),
    (lambda root: (root / "src/b.py").unlink(), "src/b.py disappeared"),
    (lambda root: (root / "esc\x1b\n").write_text("n"), "esc\\x1b\\n appeared"),
    (_edit_config, ".git/config changed"),
    (lambda root: git(root, "branch", "new"), ".git/refs/heads/new appeared"),
    (lambda root: git(root, "symbolic-ref", "HEAD", "refs/heads/x"), ".git/HEAD changed"),
    (lambda root: (root / ".git/hooks/pre-commit").touch(), ".git/hooks/pre-commit appeared"),
    (lambda root: git(root, "pack-refs", "--all"), ".git/packed-refs appeared"),
    (lambda root: git(root, "rm", "--cached", "a"), ".git/index changed"),
    (lambda root: git(root, "update-index", "--chmod=+x", "a"), ".git/index changed"),
    (lambda root: git(root, "update-index", "--assume-unchanged", "a"), ".git/index changed"),
    (lambda root: git(root, "update-index", "--skip-worktree", "a"), ".git/index changed"),
    (lambda root: (root / ".git/index").unlink(), ".git/index disappeared"),
    (lambda root: (root / ".git/index").write_bytes(b"junk"), ".git/index changed"),
]


@pytest.mark.parametrize(("change", "line"), CHANGES, ids=[str(n) for n in range(len(CHANGES))])
def test_a_change_is_seen(root: Path, change: Callable[[Path], object], line: str) -> None:
    before = look(root)
    change(root)
    assert line in differences(before, look(root))


def test_a_new_object_is_seen(root: Path) -> None:
    before = look(root)
    write_files(root, {"runs/x": "never seen before"})
    oid = git(root, "hash-object", "-w", "runs/x")
    found = differences(before, look(root))
    assert f".git/objects/{oid[:2]}/{oid[2:]} appeared" in found


def test_nothing_changed_is_nothing_to_tell(root: Path) -> None:
    assert differences(look(root), look(root)) == ()


def test_an_excluded_folder_may_change(root: Path) -> None:
    before = look(root)
    write_files(root, {"runs/new/x": "x"})
    assert differences(before, look(root)) == ()


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_users_own_status_is_no_change(root: Path, version: str) -> None:
    """It renews the index's memory of time stamps, with a lock file for a moment."""
    if version == "3":
        git(root, "add", "--intent-to-add", "runs/old")
        git(root, "update-index", "--skip-worktree", "a")
    git(root, "update-index", "--index-version", version)
    os.utime(root / "src/b.py", (1, 1))
    before = look(root)
    bytes_before = (root / ".git/index").read_bytes()
    (root / ".git/index.lock").touch()
    during = look(root)
    (root / ".git/index.lock").unlink()
    git(root, "status")
    assert (root / ".git/index").read_bytes() != bytes_before
    assert differences(before, during) == ()
    assert differences(before, look(root)) == ()


def test_lines_are_sorted(root: Path) -> None:
    before = look(root)
    write_files(root, {"z": "z", "B": "b", "a": "changed"})
    assert differences(before, look(root)) == ("B appeared", "a changed", "z appeared")


def test_a_linked_worktree_is_watched_with_the_repository_it_belongs_to(root: Path) -> None:
    git(root, "worktree", "add", "--quiet", "../linked")
    linked = root.parent / "linked"
    own = root / ".git/worktrees/linked"
    before = take_snapshot(linked, own, root / ".git")
    (linked / "a").write_text("changed")
    git(linked, "add", "a")
    git(root, "branch", "new")
    found = differences(before, take_snapshot(linked, own, root / ".git"))
    assert {"a changed", ".git/worktrees/linked/index changed", ".git/refs/heads/new appeared"} <= {
        *found
    }


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_index_entries_are_what_git_lists(tmp_path: Path, object_format: str, version: str) -> None:
    names = ["a", "a.c", "abc/defghi", "abc/def", "x" * 200, *(f"n{'o' * n}" for n in range(9))]
    root = make_repository(tmp_path / "p", {n: n for n in names}, object_format=object_format)
    (root / "run").write_text("r")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("a")
    commit_all(root)
    if version == "3":
        git(root, "update-index", "--skip-worktree", "a")
    git(root, "update-index", "--index-version", version)
    content = (root / ".git/index").read_bytes()
    assert content[7] == int(version)
    parsed = entries_of(content)
    assert not isinstance(parsed, bytes)
    listed = subprocess.run(
        ["git", "ls-files", "--stage", "-z"],
        cwd=root,
        env=isolated_environment(),
        capture_output=True,
        check=True,
    ).stdout
    expected = [b"%o %s 0\t%s" % (mode, oid.hex().encode(), path) for path, mode, oid, _ in parsed]
    assert listed.split(b"\0")[:-1] == expected
    assert any(stat.S_ISLNK(mode) for _, mode, _, _ in parsed)


def test_stages_of_a_conflict_are_told_apart(root: Path) -> None:
    write_files(root, {"a": "one"})
    git(root, "checkout", "--quiet", "-b", "other")
    commit_all(root)
    git(root, "checkout", "--quiet", "main")
    write_files(root, {"a": "two"})
    commit_all(root)
    git(root, "merge", "other", check=False)
    parsed = entries_of((root / ".git/index").read_bytes())
    stages = [entry[3] >> 12 & 3 for entry in parsed if not isinstance(entry, int)]
    assert sorted(stages) == [0, 0, 1, 2, 3]
