"""The tree of known keys, derived from the models, so that no list of keys is kept by hand.

Owns that derivation and the further spellings of worker ids. Never reads a layer.
"""

from __future__ import annotations

from functools import cache
from string import ascii_uppercase
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from factory_engine.config.models import KNOWN_FLAGS, Config
from factory_engine.config.shape import Kind, Shape
from factory_engine.config.tasks import WorkerConfig

WORKER_LETTERS = ascii_uppercase[:-1]  # Z is the integrator


@cache
def tree() -> Shape:
    """Every key of the configuration."""
    fields = {**_shape(Config).fields}
    worker = _shape(WorkerConfig)
    ids = {letter: f"{letter}_worker" for letter in WORKER_LETTERS}
    fields["workers"] = Shape(
        Kind.OBJECT,
        fields=dict.fromkeys(ids.values(), worker),
        aliases={
            spelling.lower(): name for letter, name in ids.items() for spelling in (letter, name)
        },
    )
    fields["feature_flags"] = Shape(
        Kind.OBJECT, fields=dict.fromkeys(KNOWN_FLAGS, Shape(Kind.VALUE))
    )
    return Shape(Kind.OBJECT, fields=fields)


def _shape(annotation: Any, name: str = "") -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(arguments[0], name)
    if origin is dict:
        # On POSIX the names of variables differ by case; all other free names are lower case.
        return Shape(Kind.TABLE, item=_shape(arguments[1]), verbatim=name == "env")
    if origin is list:
        return Shape(Kind.LIST, item=_shape(arguments[0]))
    if annotation is str or origin is Literal:
        return Shape(Kind.TEXT)
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return Shape(Kind.VALUE)
    return Shape(
        Kind.OBJECT,
        fields={key: _shape(info.annotation, key) for key, info in annotation.model_fields.items()},
    )
