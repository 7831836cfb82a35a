"""The layers that work here, one test run each; and a machine in miniature."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from factory_engine.sandbox import Layer, probe, working
from tests.engine.sandbox.places import Places


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The programs are POSIX ones."""
    here = str(Path(__file__).parent)
    if sys.platform == "win32":
        for item in items:
            if str(item.path).startswith(here):
                item.add_marker(pytest.mark.skip(reason="the programs are POSIX ones"))


def _layer(name: str) -> Layer:
    found = {layer.name: layer for layer in working()}
    if name not in found:
        why = "; ".join(probe().missing) or "not on this system"
        pytest.skip(f"{name} does not work here: {why}")
    return found[name]


@pytest.fixture(params=["bubblewrap", "landlock"])
def layer(request: pytest.FixtureRequest) -> Layer:
    """Each layer that confines."""
    return _layer(request.param)


@pytest.fixture(params=["bubblewrap", "landlock", "none"])
def any_layer(request: pytest.FixtureRequest) -> Layer:
    """Each layer, and none."""
    return _layer(request.param)


@pytest.fixture
def bubblewrap() -> Layer:
    """The layer that mounts."""
    return _layer("bubblewrap")


@pytest.fixture(params=["plain", "with 'quotes', \"more\" and ü:ß"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """A machine in miniature, in a folder of an ordinary and of a difficult name."""
    return Places(tmp_path / request.param).make()
