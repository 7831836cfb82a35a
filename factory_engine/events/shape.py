"""From the JSON of an event's details to their class and back, led by the class's annotations.

Owns which kinds of fields there are. Strict about kinds: nothing is converted, a number is no text
and true no number. A field with a default may be missing, one that may be None may be null. A field
that is added to a class has the default None and is `LEFT_OUT`, so that older lines keep their
bytes. Light: no models and no look into types, only the annotations as they are written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from factory_engine.events.types import STAGES
from factory_engine.status import Status

LARGEST = 2**63 - 1
"""No number of a run comes near it; larger ones are slow to write out or cannot be at all."""

StageName = str
"""One of the five stages. The alias is what tells `Shape` to look."""

WorkerId = str
"""`A_worker` to `Y_worker`, of which names of files and folders are made."""

LEFT_OUT = {"left out": True}
"""The metadata of a field that is not written while it is None."""

Reader = Callable[[object], Any]
Writer = Callable[[Any], Any]


class Misfit(Exception):
    """A line, or a part of it, that is no event: says why. Who knows the file names the line."""


class Shape:
    """How one class stands in JSON.

    Args:
        kind: a frozen dataclass whose module has postponed annotations.
    """

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        self.names = frozenset(field.name for field in fields(kind))
        self._plan = []
        self._writers = []
        for field in fields(kind):
            read, write = _both_ways(str(field.type), kind)
            self._plan.append((field.name, read, _default(field)))
            self._writers.append((field.name, write, field.metadata == LEFT_OUT))

    def read(self, data: object) -> Any:
        """The object that `data` stands for; fields that the class does not have are passed over.

        Raises:
            Misfit: naming the field.
        """
        if type(data) is not dict:
            raise Misfit("is no object")
        values = []
        name = ""
        try:
            for name, read, default in self._plan:
                if name in data:
                    values.append(read(data[name]))
                elif default is not None:
                    values.append(default())
                else:
                    raise Misfit("is missing")
        except Misfit as error:
            raise Misfit(f"`{name}` {error}") from None
        return self.kind(*values)

    def write(self, details: object) -> dict[str, Any]:
        """The JSON of an object, its keys in the order of the fields."""
        found = {}
        for name, write, left_out in self._writers:
            value = getattr(details, name)
            if value is not None or not left_out:
                found[name] = value if write is None else write(value)
        return found


def _default(field: Field[Any]) -> Callable[[], Any] | None:
    """What makes the value of a field that is missing; None where it must not be."""
    if field.default is not MISSING:
        value = field.default
        return lambda: value
    return None if field.default_factory is MISSING else field.default_factory


def _both_ways(annotation: str, kind: type[Any]) -> tuple[Reader, Writer | None]:
    """How a field is read, and how it is written where JSON cannot take it as it is.

    A KeyError is a mistake in a class: an annotation that is no known kind of field.
    """
    if annotation.endswith(" | None"):
        read, write = _both_ways(annotation.removesuffix(" | None"), kind)
        return lambda value: None if value is None else read(value), write
    if annotation in _READERS:
        return _READERS[annotation], None
    listed = annotation.startswith("tuple[")
    name = annotation.removeprefix("tuple[").removesuffix(", ...]") if listed else annotation
    shape = Shape(vars(sys.modules[kind.__module__])[name])
    if not listed:
        return shape.read, shape.write
    return (
        lambda value: tuple(shape.read(item) for item in _list(value)),
        lambda items: [shape.write(item) for item in items],
    )


def _text(value: object) -> str:
    if type(value) is not str:
        raise Misfit("is no text")
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise Misfit("is neither true nor false")
    return value


def integer(value: object) -> int:
    """A whole number that fits into 64 bits."""
    if type(value) is not int or not -LARGEST <= value <= LARGEST:
        raise Misfit("is no whole number, or one out of bounds")
    return value


def _number(value: object) -> int | float:
    # what is not a number at all (NaN) is not within bounds either
    if type(value) not in (int, float) or not -LARGEST <= value <= LARGEST:  # type: ignore[operator]
        raise Misfit("is no number, or one out of bounds")
    return value  # type: ignore[return-value]


def _status(value: object) -> Status:
    status = _STATUSES.get(value) if type(value) is str else None
    if status is None:
        raise Misfit("is no status")
    return status


def _stage(value: object) -> str:
    if value not in STAGES:
        raise Misfit("is no stage that this version knows")
    return _text(value)


def _worker_id(value: object) -> str:
    if type(value) is not str or not _WORKER_ID(value):
        raise Misfit("is no id of a worker")
    return value


def _list(value: object) -> list[object]:
    if type(value) is not list:
        raise Misfit("is no list")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _mapping(read: Reader) -> Reader:
    def mapping(value: object) -> dict[str, Any]:
        if type(value) is not dict:
            raise Misfit("is no object")
        return {key: read(item) for key, item in value.items()} if value else value

    return mapping


_WORKER_ID = re.compile(r"[A-Y]_worker").fullmatch
_STATUSES = {str(status): status for status in Status}

counts = _mapping(integer)
digests = _mapping(_text)

_READERS: Mapping[str, Reader] = {
    "str": _text,
    "bool": _flag,
    "int": integer,
    "float": _number,
    "Status": _status,
    "StageName": _stage,
    "WorkerId": _worker_id,
    "tuple[str, ...]": _texts,
    "Mapping[str, int]": counts,
    "Mapping[str, Status]": _mapping(_status),
}
