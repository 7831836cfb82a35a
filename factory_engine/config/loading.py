"""From the layers to the effective configuration, with the origin of each value.

Owns `load`, the one way to a `Config` for a front end, and the table that shows it. Never writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from factory_engine.config import known
from factory_engine.config.layers import Sources, merge
from factory_engine.config.merging import DEFAULT, Merged
from factory_engine.config.models import Config
from factory_engine.config.problems import first_problem
from factory_engine.config.wording import dotted
from factory_engine.errors import UsageError


@dataclass(frozen=True)
class LoadedConfig:
    """The effective configuration.

    Args:
        config: the values.
        origins: for each dotted key: `default`, the configuration file, a variable, or `--set`.
    """

    config: Config
    origins: dict[str, str]


def load(
    root: Path,
    *,
    file: Path | None = None,
    environment: Mapping[str, str],
    overrides: Sequence[str] = (),
) -> LoadedConfig:
    """Defaults, configuration file, `FACTORY_*` variables and `--set` options, in this order.

    Args:
        root: the repository's top folder.
        file: a configuration file instead of the repository's own; it must exist.
        environment: the process environment.
        overrides: `key.path=value`, in the order of the command line.

    Raises:
        UsageError: the first thing that is wrong, on one line that says where it stands.
    """
    sources = Sources(root, file, environment, overrides)
    merged = merge(Config().model_dump(), sources, known.tree())
    try:
        config = Config.model_validate(merged.values)
    except ValidationError as error:
        raise _usage_error(error, merged) from None
    origins = {
        dotted(place): merged.origins.get(place, DEFAULT)
        for place, _ in _leaves(config.model_dump())
    }
    return LoadedConfig(config, origins)


def rows(loaded: LoadedConfig) -> list[tuple[str, str, str]]:
    """Key, value as JSON on one line, and origin of each setting, sorted by key."""
    return sorted(
        (key := dotted(place), json.dumps(value, ensure_ascii=False), loaded.origins[key])
        for place, value in _leaves(loaded.config.model_dump())
    )


def _usage_error(error: ValidationError, merged: Merged) -> UsageError:
    problem = first_problem(error)
    origins = dict.fromkeys(merged.origin(place) for place in problem.places)
    layers = [origin for origin in origins if origin != DEFAULT]
    return UsageError(problem.what, where=", ".join(layers) or DEFAULT)


def _leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each scalar, list and empty object; objects in lists are part of their list."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _leaves(below, (*place, key))
    else:
        yield place, value
