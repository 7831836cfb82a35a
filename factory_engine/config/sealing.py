"""The part of the configuration that decides a run's outcome, as it goes into the run's manifest.

Owns what is sealed, its digest and the way back. `paths` and `keymap` stay out: they say where
things lie and which keys to press, and differ between machines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pydantic import ValidationError

from factory_engine.config.models import Config
from factory_engine.config.problems import first_problem
from factory_engine.errors import RunError

_LOCAL = ("paths", "keymap")


def sealed(config: Config) -> dict[str, object]:
    """What decides the outcome, as a document of JSON types only."""
    return config.model_dump(mode="json", exclude=set(_LOCAL))


def digest(document: Mapping[str, object]) -> str:
    """The sha256 of the document as compact JSON in ASCII with sorted keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def from_sealed(document: Mapping[str, object], current: Config | None = None) -> Config:
    """The configuration of a run that is to go on.

    Args:
        document: what `sealed` made; settings that it does not know take their defaults.
        current: the configuration of today, which gives the local sections; None for defaults.

    Raises:
        RunError: the document was not made by `sealed` of a version that this one understands.
    """
    local = (current or Config()).model_dump(include=set(_LOCAL))
    try:
        return Config.model_validate({**document, **local})
    except ValidationError as error:
        raise RunError(
            first_problem(error).what,
            where="the configuration sealed in the run",
            advice="start a new run",
        ) from None
