"""A change that decides how checks run is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.git.diff import TreeChange
from factory_engine.rules.check_inputs import check_input_violations
from factory_engine.status import Status
from tests.support.factory_runs import Bench, program, report_of, require_agreement, worker


def told(path: str, *argv: str) -> bool:
    change = TreeChange(path.encode(), None, "100644", None, "1" * 40)
    return bool(list(check_input_violations([change], [argv])))


@pytest.mark.parametrize(
    "path",
    [
        *("conftest.py", "tests/unit/conftest.py", "pytest.ini", "package.json", "Makefile"),
        *("web/vite.config.ts", "build.rs", "sitecustomize.py", ".cargo/config.toml", "pom.xml"),
    ],
)
def test_what_a_test_runner_obeys(path: str) -> None:
    assert told(path, "pytest")


@pytest.mark.parametrize("path", ["src/app.py", "README.md", "tests/test_a.py", "makefile.md"])
def test_ordinary_files_are_not(path: str) -> None:
    assert not told(path, "pytest")


def test_a_file_that_a_check_names_is() -> None:
    assert told("tools/check.sh", "sh", "./tools/check.sh")


async def test_a_run_with_checks_warns_of_it_and_one_without_does_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    change = {"A": worker("Path('conftest.py').write_text('x')", ["conftest.py"])}
    bench.configure(change, checks=[{"name": "unit", "run": program("pass")}])
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert "CHECK_INPUT  Z_integrator: conftest.py: decides how checks run" in report_of(outcome)
    bench.configure(change)
    assert "CHECK_INPUT" not in report_of(await bench.oneshot())
