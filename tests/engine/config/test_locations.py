"""The two paths that light commands ask for, and that asking for them stays light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from factory_engine.config import (
    load,
    runs_dir,
    runs_dir_from,
    workspaces_dir,
    workspaces_dir_from,
)
from factory_engine.errors import UsageError
from tests.engine.config.conftest import Write

PROBE = """
import sys
from pathlib import Path
from factory_engine.config.locations import runs_dir_from, workspaces_dir_from
runs_dir_from(Path.cwd(), None, {"FACTORY_PATHS__RUNS_DIR": "x"}, ["paths.runs_dir=y"])
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("file", "environment", "options", "expected"),
    [
        ({}, {}, [], "tools/codex/runs"),
        ({"paths": {"runs_dir": "file"}}, {}, [], "file"),
        ({"paths": {"runs_dir": "file"}}, {"FACTORY_PATHS__RUNS_DIR": "5"}, [], "5"),
        ({}, {"FACTORY_PATHS__RUNS_DIR": "env"}, ["paths.runs_dir=set"], "set"),
    ],
)
def test_the_light_way_finds_what_the_full_one_finds(
    tmp_path: Path,
    write: Write,
    file: object,
    environment: dict[str, str],
    options: list[str],
    expected: str,
) -> None:
    write(file)
    full = load(tmp_path, environment=environment, overrides=options).config
    assert runs_dir_from(tmp_path, None, environment, options) == tmp_path / expected
    assert runs_dir(full, tmp_path) == tmp_path / expected


def test_a_file_named_on_the_command_line_counts(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"paths": {"runs_dir": "elsewhere"}}')
    assert runs_dir_from(tmp_path, other, {}, []) == tmp_path / "elsewhere"


def test_runs_may_lie_outside_the_repository(tmp_path: Path, home: Path) -> None:
    outside = str(tmp_path / "runs")
    assert runs_dir_from(Path("/repo"), None, {}, [f"paths.runs_dir={outside}"]) == Path(outside)
    assert runs_dir_from(tmp_path, None, {}, ["paths.runs_dir=~/runs"]) == home / "runs"


def test_workspaces_lie_in_the_user_s_cache_unless_told_otherwise(
    tmp_path: Path, home: Path
) -> None:
    config = load(tmp_path, environment={}).config
    assert home in workspaces_dir(config).parents
    assert workspaces_dir(config).name == "workspaces"
    assert workspaces_dir_from(tmp_path, None, {}, []) == workspaces_dir(config)

    environment = {"FACTORY_PATHS__WORKSPACES_DIR": "~/ws"}
    config = load(tmp_path, environment=environment).config
    assert workspaces_dir(config) == home / "ws"
    assert workspaces_dir_from(tmp_path, None, environment, []) == home / "ws"


def test_a_mistake_elsewhere_does_not_keep_old_runs_from_being_read(
    tmp_path: Path, write: Write
) -> None:
    write({"polcy": {}, "run": 5, "paths": {"runs_dir": "r"}})
    found = runs_dir_from(tmp_path, None, {"FACTORY_RNU__X": "1"}, ["run.max_parallel=no"])
    assert found == tmp_path / "r"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ('{"paths": 5}', "paths: expected an object, not 5"),
        ('{"paths": {"runs_dir": 5}}', "paths.runs_dir: expected text, not 5"),
        ('{"paths": {"runs_dir": {}}}', "paths.runs_dir: expected text, not an empty object"),
        ('{"paths": {"runs_dir": ""}}', "paths.runs_dir: expected a path, not ''"),
        ('{"paths": {"run_dir": "x"}}', "did you mean 'paths.runs_dir'?"),
        ('{"paths": {"runs_dir": "~nobody-here/x"}}', "names no home folder that exists"),
        ('{"paths": {', "(line 1, column 12)"),
    ],
)
def test_a_mistake_in_the_paths_is_told(
    tmp_path: Path, write: Write, file: str, message: str
) -> None:
    write(file)
    with pytest.raises(UsageError) as caught:
        runs_dir_from(tmp_path, None, {}, [])
    assert message in str(caught.value)


def test_relative_workspaces_are_refused_by_the_light_way_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected an absolute path or one from ~, not 'ws'"):
        workspaces_dir_from(tmp_path, None, {}, ["paths.workspaces_dir=ws"])


def test_the_light_way_loads_nothing_heavy(tmp_path: Path, write: Write) -> None:
    write({"paths": {"runs_dir": "r"}})
    result = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = set(result.stdout.split())
    assert "factory_engine.config.layers" in loaded
    assert loaded & {"pydantic", "pydantic_core", "platformdirs", "asyncio", "difflib"} == set()
