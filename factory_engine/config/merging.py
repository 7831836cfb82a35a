"""One layer over the other, and the memory of where each value came from.

Owns the rule that objects merge while lists and scalars replace. Never reads a layer.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory_engine.config.wording import Place

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import Any

DEFAULT = "default"


class Merged:
    """The layers laid over each other: `values`, and in `origins` the last layer to set a place.

    Args:
        values: the lowest layer; it is changed in place.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.origins: dict[tuple[str, ...], str] = {}

    def lay(self, tree: Mapping[str, Any], origin: str) -> None:
        """Lay `tree` over what is there."""
        self._lay(self.values, tree, origin, ())

    def origin(self, place: Place) -> str:
        """Where the value at `place` came from; several names for one of mixed origin."""
        names = tuple(str(part) for part in place)
        for length in range(len(names), 0, -1):
            if found := self.origins.get(names[:length]):
                return found
        below = {o for known, o in self.origins.items() if known[: len(names)] == names}
        return ", ".join(sorted(below)) or DEFAULT

    def _lay(
        self, lower: dict[str, Any], upper: Mapping[str, Any], origin: str, place: tuple[str, ...]
    ) -> None:
        for key, value in upper.items():
            here = (*place, key)
            if isinstance(value, dict) and (value or isinstance(lower.get(key), dict)):
                if not isinstance(lower.get(key), dict):
                    self._forget(here)
                    lower[key] = {}
                self._lay(lower[key], value, origin, here)
            else:
                self._forget(here)
                lower[key] = value
                self.origins[here] = origin

    def _forget(self, place: tuple[str, ...]) -> None:
        for known in [known for known in self.origins if known[: len(place)] == place]:
            del self.origins[known]
