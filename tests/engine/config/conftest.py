"""A repository folder to load a configuration in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from factory_engine.config import CONFIG_FILE

Write = Callable[[object], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the configuration file of `tmp_path`: bytes and text as they are, the rest as JSON."""

    def write_file(content: object) -> Path:
        path = tmp_path / CONFIG_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file
