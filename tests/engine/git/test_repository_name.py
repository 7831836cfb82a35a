"""The folder name for what is kept of a repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

from factory_engine.git.repository_name import common_folder, folder_name
from tests.support.repositories import git, make_repository


def test_it_is_readable_and_its_own() -> None:
    one, other = folder_name("/src/My Project!/.git"), folder_name("/else/My Project!/.git")
    assert re.fullmatch(r"My_Project_-[0-9a-f]{12}", one)
    assert one != other
    assert folder_name("/src/bare.git").startswith("bare.git-")
    assert folder_name("/.git").startswith("repository-")


def test_all_worktrees_of_a_repository_share_one(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a\n"})
    git(root, "worktree", "add", "-q", str(tmp_path / "other"))
    common = os.path.realpath(root / ".git")
    assert common_folder(str(root)) == common
    assert common_folder(str(tmp_path / "other")) == common


def test_a_bare_repository_is_its_own_common_folder(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "main", {"a": "a\n"})
    git(tmp_path, "clone", "-q", "--bare", str(root), "bare.git")
    assert common_folder(str(tmp_path / "bare.git")) == os.path.realpath(tmp_path / "bare.git")
