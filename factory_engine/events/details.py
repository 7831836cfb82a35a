"""The way from a line's details to the class of their type, and back.

Owns the table from types to classes. A type that is not in it is a newer version's. The classes of
a theme are loaded with the first event of it: a list of runs needs those of the run only, and to
make them all takes as long as to start Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from factory_engine.events.shape import Misfit, Shape
from factory_engine.events.types import EventType

if TYPE_CHECKING:
    from factory_engine.events.union import Details


@dataclass(frozen=True, slots=True)
class Unknown:
    """The details of an event of a type that this version does not know, as they lie there."""

    event_type: str
    fields: Mapping[str, Any]


_THEMES = {
    "run": ("run", "RunDetails"),
    "ledger": ("run", "RunDetails"),
    "stage": ("stage", "StageDetails"),
    "preflight": ("stage", "StageDetails"),
    "worker": ("worker", "WorkerDetails"),
}
"""The module and union of a type, by its first word; all others are of judging."""

_TYPES = frozenset(map(str, EventType))
_shapes: dict[str, Shape] = {}


def shape_of(event_type: str) -> Shape | None:
    """The shape of the details of a type; None for one of a newer version."""
    if event_type not in _shapes and event_type in _TYPES:
        theme, union = _THEMES.get(event_type.partition(".")[0], ("judging", "JudgingDetails"))
        kinds = getattr(import_module(f"factory_engine.events.{theme}"), union).__args__
        _shapes.update({kind.event_type: Shape(kind) for kind in kinds})
    return _shapes.get(event_type)


def read_details(event_type: str, data: object) -> tuple[Details | Unknown, tuple[str, ...]]:
    """The details of an event of that type, and the names of fields that were passed over.

    Raises:
        Misfit: naming the field that is missing or of another kind.
    """
    if type(data) is not dict:
        raise Misfit("has details that are no object")
    shape = _shapes.get(event_type) or shape_of(event_type)
    if shape is None:
        return Unknown(event_type, data), ()
    try:
        details: Details = shape.read(data)
    except Misfit as error:
        raise Misfit(f"of type {event_type} {error}") from None
    return details, () if data.keys() <= shape.names else tuple(sorted(data.keys() - shape.names))


def write_details(details: Details | Unknown) -> dict[str, Any]:
    """The details as they stand in a line; keys in their fixed order."""
    if isinstance(details, Unknown):
        return dict(details.fields)
    shape = shape_of(details.event_type)
    assert shape is not None
    return shape.write(details)
