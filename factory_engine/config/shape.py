"""The tree of known keys, without pydantic: what may stand where, and under which spellings.

Owns the judgement of keys and of unprintable text in any layer. Never judges a value: that is for
the models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from factory_engine.config.wording import Place, dotted, unknown_key
from factory_engine.errors import UsageError

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import Any


class Kind(Enum):
    """What stands at a place of the tree."""

    TEXT = auto()
    VALUE = auto()
    """A number, true, false or null."""
    LIST = auto()
    OBJECT = auto()
    """Known keys."""
    TABLE = auto()
    """Free keys."""


@dataclass(frozen=True)
class Shape:
    """One place of the tree.

    Args:
        kind: what stands here.
        fields: the keys of an OBJECT.
        aliases: further spellings of those keys, in lower case.
        item: what the entries of a LIST or TABLE are.
        verbatim: the keys of a TABLE keep their case even where they come from the environment.
    """

    kind: Kind
    fields: Mapping[str, Shape] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    item: Shape | None = None
    verbatim: bool = False

    @property
    def holds_scalars(self) -> bool:
        """Whether this is a TABLE whose entries have no keys of their own."""
        scalars = (Kind.TEXT, Kind.VALUE)
        return self.kind is Kind.TABLE and self.item is not None and self.item.kind in scalars

    def leaves(self, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """The places of everything that has a fixed name."""
        for name, below in self.fields.items():
            yield from below.leaves((*place, name))
        if self.kind is not Kind.OBJECT:
            yield place


class Reader:
    """Reads one layer against the tree.

    Args:
        root: the tree of all keys.
        origin: the file, variable or option that errors name.
    """

    def __init__(self, root: Shape, origin: str) -> None:
        self.root = root
        self.origin = origin

    def resolve(self, parts: Sequence[str], *, glue: str, fold: bool) -> tuple[Place, Shape]:
        """The place that the names in `parts` lead to, and what stands there.

        Args:
            parts: names from the outside in.
            glue: what stood between them; put back where a free key contains it.
            fold: the names come from the environment, where case does not count.

        Raises:
            UsageError: no such key.
        """
        place: Place = ()
        shape = self.root
        rest = list(parts)
        while rest:
            if shape.holds_scalars:
                rest = [glue.join(rest)]
            name = rest.pop(0)
            name = name.lower() if fold and not shape.verbatim else name
            name, shape = self._step(place, shape, name)
            place = (*place, name)
        return place, shape

    def fit(self, value: Any, shape: Shape, place: Place = ()) -> Any:
        """`value` with every key known and in its one spelling.

        What is of another kind than `shape` says is returned as it is: the models tell it better.

        Raises:
            UsageError: an unknown key, a key in two spellings, text that no program could take.
        """
        if isinstance(value, str):
            self._check_text(value, place)
        elif isinstance(value, list) and shape.kind is Kind.LIST and shape.item:
            return [self.fit(entry, shape.item, (*place, n)) for n, entry in enumerate(value)]
        elif isinstance(value, dict) and shape.kind in (Kind.OBJECT, Kind.TABLE):
            return self._fit_entries(value, shape, place)
        return value

    def _fit_entries(self, value: dict[str, Any], shape: Shape, place: Place) -> dict[str, Any]:
        fitted: dict[str, Any] = {}
        for key, entry in value.items():
            name, below = self._step(place, shape, key)
            if name in fitted:
                raise UsageError(
                    f"{dotted((*place, name))} is set twice, in two spellings",
                    where=self.origin,
                    advice="keep one of them",
                )
            fitted[name] = self.fit(entry, below, (*place, name))
        return fitted

    def _step(self, place: Place, shape: Shape, key: str) -> tuple[str, Shape]:
        """One level down: the key in its one spelling and what stands there."""
        self._check_text(key, (*place, key))
        if shape.kind is Kind.TABLE and shape.item:
            return key, shape.item
        if shape.kind is not Kind.OBJECT:
            raise UsageError(
                f"{dotted(place)} has no keys, so not {dotted((*place, key))} either",
                where=self.origin,
                advice=f"set {dotted(place)} as a whole",
            )
        name = key if key in shape.fields else shape.aliases.get(key.lower(), key)
        if name not in shape.fields:
            everywhere = [dotted(leaf) for leaf in self.root.leaves() if leaf]
            raise unknown_key((*place, key), list(shape.fields), everywhere, self.origin)
        return name, shape.fields[name]

    def _check_text(self, text: str, place: Place) -> None:
        # NUL ends an argument or a path for the system; a lone surrogate has no UTF-8 form.
        try:
            acceptable = b"\0" not in text.encode()
        except UnicodeEncodeError:
            acceptable = False
        if not acceptable:
            what = f"{dotted(place)}: expected text in UTF-8 without NUL"
            raise UsageError(what, where=self.origin)
