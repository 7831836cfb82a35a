"""The user's keymap, from the configuration.

Owns that a mistake in the configuration keeps nobody from looking at runs: it is only said.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from factory_engine.config import load
from factory_engine.errors import FactoryError
from factory_tui.console.control.command_lines import Place


def keymap_of(root: Path, place: Place) -> tuple[Mapping[str, str], str]:
    """Binding ids to keys, and what is wrong with the configuration; either may be empty."""
    try:
        loaded = load(
            root, file=place.config_file, environment=os.environ, overrides=place.overrides
        )
    except FactoryError as error:
        return {}, str(error)
    return loaded.config.keymap, ""
