"""What leads Python to the operator's own files leads the programs of a run into their checkout."""

from __future__ import annotations

import json
import shutil
import site
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.run_folder import RunFolder
from tests.support.deceptions import (
    BREAKS_PYTHON,
    HARMLESS,
    PYTHON_FILES,
    environment,
    in_plain_checkout,
    needs_mounts,
    new_venv,
    require_blamed,
    require_unharmed,
    writing,
)
from tests.support.factory_runs import Bench
from tests.support.repositories import commit_all, write_files

pytestmark = needs_mounts

ROOT = Path(__file__).parents[3]
CHECK = ("python3", "-B", "check.py")
PYTEST = (sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider")

# What setuptools writes for a project whose folders it cannot simply add to the path.
FINDER = """
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path

MAPPING = {mapping!r}
NAMESPACES = {{}}
PATH_PLACEHOLDER = '__editable__.shop-1.finder.__path_hook__'

class _EditableFinder:
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname in MAPPING:
            return spec_from_file_location(fullname, Path(MAPPING[fullname], '__init__.py'))
        return None

def install():
    if not any(finder == _EditableFinder for finder in sys.meta_path):
        sys.meta_path.append(_EditableFinder)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A library in `src`, a check that imports it by name."""
    return Bench(tmp_path, PYTHON_FILES)


@pytest.mark.parametrize(
    "name",
    ["__editable__.shop-1.pth", "_shop.pth", "shop.pth", "_editable_impl_shop.pth"],
    ids=["pip with setuptools", "uv", "poetry", "hatchling"],
)
async def test_an_editable_install_by_a_path_file(bench: Bench, tmp_path: Path, name: str) -> None:
    new_venv(tmp_path / "venv", f"{bench.root}/src", name=name)
    bench.environment = environment(tmp_path / "venv/bin", VIRTUAL_ENV=tmp_path / "venv")
    await require_blamed(bench, CHECK, BREAKS_PYTHON)


async def test_an_editable_install_by_a_finder_module(bench: Bench, tmp_path: Path) -> None:
    start = "import __editable___shop_1_finder; __editable___shop_1_finder.install()"
    packages = new_venv(tmp_path / "venv", start, name="__editable__.shop-1.pth")
    finder = FINDER.format(mapping={"shop": f"{bench.root}/src/shop"})
    (packages / "__editable___shop_1_finder.py").write_text(finder)
    bench.environment = environment(tmp_path / "venv/bin")
    await require_blamed(bench, CHECK, BREAKS_PYTHON)


async def test_an_editable_install_by_an_egg_link(bench: Bench, tmp_path: Path) -> None:
    packages = new_venv(tmp_path / "venv", f"{bench.root}/src", name="easy-install.pth")
    (packages / "shop.egg-link").write_text(f"{bench.root}/src\n.")
    bench.environment = environment(tmp_path / "venv/bin")
    await require_blamed(bench, CHECK, BREAKS_PYTHON)


async def test_each_member_of_a_workspace_of_uv(tmp_path: Path) -> None:
    member = "[project]\nname = 'shop'\nversion = '1'\n"
    files = {
        "pyproject.toml": "[tool.uv.workspace]\nmembers = ['packages/*']\n",
        "packages/shop/pyproject.toml": member,
        "packages/shop/src/shop/__init__.py": PYTHON_FILES["src/shop/__init__.py"],
        "packages/till/src/till/__init__.py": "from shop import total\n",
        "check.py": "import till\nassert till.total(2, 3) == 5\n",
        "docs/guide.md": "guide\n",
    }
    bench = Bench(tmp_path, files)
    place = tmp_path / "environment of the workspace"  # UV_PROJECT_ENVIRONMENT
    packages = new_venv(place, f"{bench.root}/packages/shop/src", name="_shop.pth")
    (packages / "_till.pth").write_text(f"{bench.root}/packages/till/src\n")
    bench.environment = environment(place / "bin", UV_PROJECT_ENVIRONMENT=place)
    broken = {"packages/shop/src/shop/__init__.py": BREAKS_PYTHON["src/shop/__init__.py"]}
    await require_blamed(bench, CHECK, broken)


async def test_the_virtual_environment_in_the_repository_is_carried_along(bench: Bench) -> None:
    new_venv(bench.root / ".venv", f"{bench.root}/src")
    bench.environment = environment(bench.root / ".venv/bin", VIRTUAL_ENV=bench.root / ".venv")
    await require_blamed(bench, CHECK, BREAKS_PYTHON)


async def test_the_virtual_environment_in_the_repository_is_not_there(bench: Bench) -> None:
    code = f"import sys; sys.path.append('src')\n{PYTHON_FILES['check.py']}"
    check = ("python3", "-B", "-c", code)
    new_venv(bench.root / ".venv", f"{bench.root}/src")
    bench.environment = environment(bench.root / ".venv/bin", VIRTUAL_ENV=bench.root / ".venv")
    await require_blamed(bench, check, BREAKS_PYTHON, workspace={"carry": []})


async def test_a_virtual_environment_that_is_tracked_is_the_checkouts(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {**PYTHON_FILES, ".gitignore": "__pycache__/\n"})
    new_venv(bench.root / ".venv", f"{bench.root}/src")
    commit_all(bench.root)
    bench.environment = environment(bench.root / ".venv/bin")
    await require_blamed(bench, (str(bench.root / ".venv/bin/python"), *CHECK[1:]), BREAKS_PYTHON)


async def test_the_path_of_modules_in_the_environment(bench: Bench) -> None:
    bench.environment = environment(PYTHONPATH=f"{bench.root}/src")
    await require_blamed(bench, CHECK, BREAKS_PYTHON)


async def test_the_dirty_library_of_the_operator_breaks_no_check(bench: Bench) -> None:
    bench.environment = environment(PYTHONPATH=f"{bench.root}/src")
    write_files(bench.root, BREAKS_PYTHON)
    await require_unharmed(bench, CHECK, {"src/shop/more.py": "more = 1\n"})


TESTED = {
    **PYTHON_FILES,
    "tests/test_shop.py": "def test_good():\n    pass\ndef test_total():\n"
    "    from shop import total\n    assert total(2, 3) == 5\n",
    "conftest.py": "import sys\nsys.path.insert(0, __file__.rpartition('/')[0] + '/src')\n",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("pytest.ini", "[pytest]\naddopts = -k good\n", marks=pytest.mark.soak),
        (
            "conftest.py",
            "collect_ignore = []\ndef pytest_collection_modifyitems(items):\n    del items[1:]\n",
        ),
        pytest.param(
            "tox.ini",
            "[pytest]\naddopts = --deselect tests/test_shop.py::test_total -k good\n",
            marks=pytest.mark.soak,
        ),
    ],
    ids=["pytest.ini", "conftest.py", "tox.ini"],
)
async def test_what_the_operator_has_not_committed_is_not_found_by_walking_up(
    tmp_path: Path, name: str, text: str
) -> None:
    files = {key: value for key, value in TESTED.items() if key != name}
    files |= {"tests/conftest.py": TESTED["conftest.py"].replace("/src", "/../src")}
    bench = Bench(tmp_path, files)
    write_files(bench.root, {name: text})
    bench.environment = environment()
    root = ("--rootdir", str(bench.root)) if name == "conftest.py" else ()
    check = (*PYTEST, *root, *(("--confcutdir", str(bench.root)) if root else ()), "tests")
    await require_blamed(bench, check, BREAKS_PYTHON, clone=bench.root / "tools/a clone")


async def test_a_configuration_that_a_worker_removed_is_not_found_in_the_operators_tree(
    tmp_path: Path,
) -> None:
    loads = "[pytest]\npythonpath = src\n"
    bench = Bench(tmp_path, {**TESTED, "pytest.ini": loads, "conftest.py": ""})
    bench.environment = environment()
    # `pythonpath` counts from the file that it stands in: the operator's own `src` is imported
    broken = {**BREAKS_PYTHON, "pytest.ini": None}
    clone = bench.root / "tools/a clone"
    await require_blamed(bench, (*PYTEST, "tests"), broken, clone=clone)


def brought(how: str, root: Path) -> Sequence[str]:
    """The lines of the path file by which a virtual environment in `root` has the factory."""
    packages = site.getsitepackages()[0]
    if how == "installed beside":
        return (str(ROOT), packages)
    target = root / "vendored" if how == "copied into it" else root
    for name in ("factory_engine", "factory_tui"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    return (str(target), packages)


@pytest.mark.parametrize("how", ["installed beside", "copied into it", "the repository itself"])
async def test_the_factorys_own_interpreter_lies_in_the_repository(
    tmp_path: Path, how: str
) -> None:
    bench = Bench(tmp_path, {**PYTHON_FILES, ".gitignore": "/.venv/\n/vendored/\n__pycache__/\n"})
    new_venv(bench.root / ".venv", f"{bench.root}/src", *brought(how, bench.root))
    commit_all(bench.root)
    bench.environment = environment(bench.root / ".venv/bin", PYTHONDONTWRITEBYTECODE="1")
    check = ("python3", "-c", f"import sys; sys.path.append('src')\n{PYTHON_FILES['check.py']}")
    broken = dict(BREAKS_PYTHON)
    if how == "the repository itself":  # what confines programs is the operator's all the same
        broken["factory_engine/sandbox/launcher.py"] = "raise SystemExit(0)\n"
    assert in_plain_checkout(bench, check, broken, None) == 0
    settings = {
        "workers": {"A": writing(broken), "B": HARMLESS},
        "integrator.checks": [{"name": "unit", "run": check}],
    }
    overrides = [w for k, v in settings.items() for w in ("--set", f"{k}={json.dumps(v)}")]
    python = str(bench.root / ".venv/bin/python")
    argv = [python, "-m", "factory_tui", "-C", str(bench.root), *overrides, "oneshot"]
    done = subprocess.run(
        [*argv, "--run-id", "mine"],
        cwd=tmp_path,
        env=bench.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    folder = RunFolder(bench.root / "tools/codex/runs/mine")
    verdict = IntegratorStatus.from_bytes(folder.read("Z_integrator/STATUS.json"))
    assert (verdict.status, verdict.isolation) == ("BLOCKED", "mount"), done.stderr
    assert [one.code for one in verdict.violations] == ["CHECK"]
    assert b"A_worker" in folder.read("Z_integrator/FINAL_REPORT.txt").partition(b"Checks on")[2]
