"""What the console remembers from one time to the next: theme and signs.

Owns that one small file in the user's configuration folder. A file that cannot be read or
written is no reason to complain: the defaults are used.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from factory_engine import storage
from factory_engine.config.paths import APPLICATION
from factory_engine.errors import FactoryError


@dataclass(frozen=True)
class Preferences:
    """What a person chose. An empty theme means the default one."""

    theme: str = ""
    ascii: bool = False


def load() -> Preferences:
    """What was remembered, the defaults for everything else."""
    try:
        document = json.loads(_file().read_bytes()[:10_000])
        theme, plain = document.get("theme", ""), document.get("ascii", False)
    except (OSError, ValueError, AttributeError):
        return Preferences()
    return Preferences(theme if isinstance(theme, str) else "", plain is True)


def save(preferences: Preferences) -> None:
    """Remember `preferences`, if the disk lets us."""
    with contextlib.suppress(OSError, FactoryError):
        storage.make_folder(_file().parent)
        storage.replace_file(_file(), (json.dumps(asdict(preferences)) + "\n").encode())


def _file() -> Path:
    return platformdirs.user_config_path(APPLICATION, appauthor=False) / "console.json"
