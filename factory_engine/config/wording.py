"""How a wrong setting is told: the place, the value and the nearest name, each on one line.

Owns words. Never decides whether a setting is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from factory_engine.errors import UsageError

MAX_SHOWN = 60
FEW = 16

Place = tuple[str | int, ...]
"""The way to a value: keys, and positions in lists."""


def shown(text: str) -> str:
    """`text` in single quotes, cut and escaped so that it stays one harmless line."""
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…")


def plain(text: str) -> str:
    """`text` as it is when it can be printed, else escaped."""
    return text if text.isprintable() else shown(text)


def described(value: object) -> str:
    """A value of a JSON document in a few words."""
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return shown(value) if isinstance(value, str) else json.dumps(value)


def dotted(place: Iterable[str | int]) -> str:
    """`workers.A_worker.checks[0].name`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return plain(text)


def unknown_key(
    place: Place, known: Sequence[str], elsewhere: Sequence[str], origin: str
) -> UsageError:
    """The error for the key at the end of `place`.

    Args:
        place: where the key was found, itself included.
        known: the keys that may stand there.
        elsewhere: dotted keys of the whole configuration, for a key in the wrong section.
        origin: the file, variable or option.
    """
    name = str(place[-1])
    near = [dotted((*place[:-1], key)) for key in _nearest(name, known)]
    near = near or [key for key in elsewhere if key.rpartition(".")[2] == name]
    what = f"unknown key {shown(dotted(place))}"
    return UsageError(what, where=origin, advice=_hint(near, known))


def near_name(name: str, known: Iterable[str]) -> str:
    """The clause that helps with a wrong `name`: the nearest of `known`, or all of them."""
    names = sorted(known)
    return _hint(_nearest(name, names), names)


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    from difflib import get_close_matches  # needed only when something is wrong

    return get_close_matches(name, known, 1)


def _hint(near: Sequence[str], known: Sequence[str]) -> str:
    if near:
        return f"did you mean {shown(near[0])}?"
    if not known:
        return "none is known here"
    listed = ", ".join(known) if len(known) <= FEW else f"{known[0]} to {known[-1]}"
    return f"known here: {listed}"
