"""The repository that the tests of whole bundles share. They only add objects to it."""

from __future__ import annotations

import pytest

from tests.engine.rules.bundles import Repository
from tests.engine.rules.usual import BASE


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("judged") / "repository.git", BASE)
