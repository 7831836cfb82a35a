"""What the tests of whole runs start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.provenance.cases import Case, blocked_run, elsewhere, passed_run, red_run
from tests.support.factory_runs import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A small repository in which runs are made."""
    return Bench(tmp_path)


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A run that passed; not to be changed."""
    return passed_run(tmp_path_factory.mktemp("passed"))


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A run that a violation blocked; not to be changed."""
    return blocked_run(tmp_path_factory.mktemp("blocked"))


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A run that a check blocked; not to be changed."""
    return red_run(tmp_path_factory.mktemp("red"))


@pytest.fixture
def case(passed: Case, tmp_path: Path) -> Case:
    """A copy of a run that passed, to be changed."""
    return elsewhere(passed, tmp_path)
