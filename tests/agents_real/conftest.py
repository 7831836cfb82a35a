"""The model that real agents talk to in these tests, and the repository that they work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents_real.whole_run import House
from tests.support.model_server import ModelServer, model_server


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A scripted model on loopback."""
    with model_server() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path, home: Path, model: ModelServer) -> Iterator[House]:
    """A repository for whole runs; what a test leaves running is ended."""
    house = House(tmp_path, home, model)
    yield house
    house.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real program on a busy machine may miss time limits of its own: it gets a second try."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.flaky(reruns=2))
