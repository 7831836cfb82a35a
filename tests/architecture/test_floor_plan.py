"""The floor plan of pyproject.toml: it is kept, it is complete, and it would notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT, modules

LINT = (
    "import sys, importlinter.cli as cli; sys.exit(cli.lint_imports(no_cache=True, no_logo=True))"
)
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
    "tool"
]["importlinter"]["contracts"]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the packages in `folder`, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def floors(container: str) -> set[str]:
    """The modules that the layers of `container` name."""
    contract = next(c for c in CONTRACTS if c.get("containers") == [container])
    names = " ".join(contract["layers"]).replace("|", " ").replace(":", " ").split()
    return {name.strip("()") for name in names}


def test_the_floor_plan_is_kept() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_stands_on_a_floor(package: str) -> None:
    tops = {m.name.split(".")[1] for m in modules(package) if "." in m.name}
    assert tops - floors(package) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_linter_sees_each_folder_with_code(package: str) -> None:
    folders = {Path(m.path).parent for m in modules(package)}
    assert [f.as_posix() for f in folders if not (ROOT / f / "__init__.py").exists()] == []


def test_the_page_says_every_room_and_stays_short() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    packages = {Path(m.path).parent for m in modules(*PACKAGES) if m.path.endswith("__init__.py")}
    top_files = {
        Path(m.path).name
        for m in modules("factory_engine")
        if m.path.count("/") == 1 and not m.path.endswith("__init__.py")
    }
    absent = [folder.as_posix() for folder in packages if f"{folder.name}/" not in text]
    assert sorted(absent) == []
    assert sorted(name for name in top_files if name not in text) == []
    assert text.count("\n") <= 140


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("factory_engine/status.py", "import factory_engine.errors", "only downwards"),
        ("factory_engine/errors.py", "import factory_tui", "no front end"),
        ("factory_engine/errors.py", "import rich.text", "no front end"),
        ("factory_engine/errors.py", "import argparse", "no front end"),
        ("factory_engine/stray.py", "", "only downwards"),
        ("factory_tui/cli/stray.py", "import textual", "work without Textual"),
        ("factory_tui/cli/stray.py", "import factory_engine.git.store", "through its runs"),
    ],
)
def test_a_wrong_import_breaks_it(tmp_path: Path, module: str, line: str, broken: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1
    broken_lines = [text for text in result.stdout.splitlines() if " BROKEN" in text]
    assert any(broken in text for text in broken_lines), result.stdout
