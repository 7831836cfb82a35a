"""The quick look for the work tree around a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from factory_engine.runs.whereabouts import find_root
from tests.support.repositories import git, make_repository


def test_it_is_found_from_a_folder_deep_inside(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "my project", {"a/b/c.txt": "c"})
    assert find_root(root / "a" / "b") == root.resolve()


def test_a_linked_worktree_is_a_place_of_its_own(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", {"a": "a"})
    git(root, "worktree", "add", "--quiet", "../linked")
    assert find_root(tmp_path / "linked") == (tmp_path / "linked").resolve()


def test_an_empty_folder_called_git_is_passed_over(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", {"sub/a": "a"})
    (root / "sub" / ".git").mkdir()
    assert find_root(root / "sub") == root.resolve()


def test_a_link_leads_to_where_the_repository_really_is(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", {"a": "a"})
    (tmp_path / "link").symlink_to(root)
    assert find_root(tmp_path / "link") == root.resolve()


def test_there_may_be_none(tmp_path: Path) -> None:
    assert find_root(tmp_path) is None


def test_asking_loads_nothing_that_is_slow_to_load() -> None:
    code = (
        "import sys, factory_engine.runs.whereabouts;"
        "print([m for m in ('asyncio', 'subprocess', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
