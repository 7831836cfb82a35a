"""The machine that tests/conftest.py promises to every test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import platformdirs


def test_git_has_no_configuration_of_the_person_who_runs_the_tests() -> None:
    outside = Path.cwd().anchor
    result = subprocess.run(
        ["git", "config", "--list"], capture_output=True, cwd=outside, check=False
    )
    assert result.stdout == b""


def test_personal_folders_lie_in_the_home_of_the_test(home: Path) -> None:
    assert list(home.iterdir()) == []
    assert Path.home() == home
    assert home in platformdirs.user_cache_path("factory").parents


def test_no_switch_of_the_caller_reaches_a_test() -> None:
    steering = ("CI", "FACTORY_", "GITHUB_", "MAKE", "NO_COLOR", "SOURCE_DATE_EPOCH")
    assert [name for name in os.environ if name.startswith(steering)] == []
    assert [name for name in os.environ if name.startswith("GIT_")] == ["GIT_CONFIG_NOSYSTEM"]
