"""The model that real agents talk to in these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.model_server import ModelServer, model_server


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A scripted model on loopback."""
    with model_server() as server:
        yield server
