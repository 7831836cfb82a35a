"""The configuration: its models, the layers it is made of, and where each value came from.

Owns the names below and loads what is behind them on first use (PEP 562): `locations` must stay
free of pydantic, and importing it passes through here. Never reads a file itself.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from factory_engine.config.loading import LoadedConfig, load, rows
    from factory_engine.config.locations import (
        runs_dir,
        runs_dir_from,
        workspaces_dir,
        workspaces_dir_from,
    )
    from factory_engine.config.models import KNOWN_FLAGS, Config
    from factory_engine.config.paths import CONFIG_FILE
    from factory_engine.config.sealing import digest, from_sealed, sealed
    from factory_engine.config.tasks import AgentConfig, CheckConfig, ScopeConfig, WorkerConfig

__all__ = [
    "CONFIG_FILE",
    "KNOWN_FLAGS",
    "AgentConfig",
    "CheckConfig",
    "Config",
    "LoadedConfig",
    "ScopeConfig",
    "WorkerConfig",
    "digest",
    "from_sealed",
    "load",
    "rows",
    "runs_dir",
    "runs_dir_from",
    "sealed",
    "workspaces_dir",
    "workspaces_dir_from",
]

_HOMES = {
    "loading": ("LoadedConfig", "load", "rows"),
    "locations": (
        "runs_dir",
        "runs_dir_from",
        "workspaces_dir",
        "workspaces_dir_from",
    ),
    "paths": ("CONFIG_FILE",),
    "models": ("KNOWN_FLAGS", "Config"),
    "sealing": ("digest", "from_sealed", "sealed"),
    "tasks": ("AgentConfig", "CheckConfig", "ScopeConfig", "WorkerConfig"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
