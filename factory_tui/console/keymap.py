"""The user's keymap, from the configuration.

Owns that a mistake in the configuration keeps nobody from looking at runs: it is only said.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from factory_engine.config import load
from factory_engine.errors import FactoryError
from factory_tui.console.open_repository import OpenRepository


def keymap_of(root: Path, repository: OpenRepository) -> tuple[Mapping[str, str], str]:
    """Binding ids to keys, and what is wrong with the configuration; either may be empty."""
    try:
        loaded = load(
            root,
            file=repository.config_file,
            environment=os.environ,
            overrides=repository.overrides,
        )
    except FactoryError as error:
        return {}, str(error)
    return loaded.config.keymap, ""
