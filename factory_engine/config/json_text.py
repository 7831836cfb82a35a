"""JSON as people write it by hand: refused where readers disagree, with line and column.

Owns the way from a text to a value. Never opens a file and never knows what a setting means.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 32

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]:]|[^\s{}\[\],:"]+', re.DOTALL)
# Beyond what every reader holds, RFC 8259 section 6; with a fraction or exponent it is no integer.
_LONG_INTEGER = re.compile(r"-?[0-9]{16,}(?![0-9]|\.[0-9]|[eE][-+]?[0-9])")
_NO_NUMBERS = {"NaN", "Infinity", "-Infinity"}


class NotJson(ValueError):
    """The text is no JSON; the message says what is wrong and at which line and column."""


class AmbiguousJson(NotJson):
    """A key twice, NaN, an endless integer, bottomless nesting: readers differ about it."""


def parse(text: str) -> Any:
    """The value that `text` stands for.

    What is ambiguous is looked for first, so the parser meets nothing that it chokes on.

    Raises:
        AmbiguousJson: see there.
        NotJson: any other text that is no JSON.
    """
    _refuse_ambiguous(text)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(_at(text, error.pos, error.msg)) from None


def _refuse_ambiguous(text: str) -> None:
    keys: list[set[str]] = []  # of each object and array that is open
    before, start = "", 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == ":" and keys and before.startswith('"'):
            key = _decoded(before)
            if key in keys[-1]:
                raise AmbiguousJson(_at(text, start, f"key {key[:80]!r} stands twice"))
            keys[-1].add(key)
        elif problem := _problem(token, keys):
            raise AmbiguousJson(_at(text, match.start(), problem))
        before, start = token, match.start()


def _problem(token: str, keys: list[set[str]]) -> str:
    """Keeps `keys` in step with `token`; what is wrong with the token, empty when nothing is."""
    if token in {"{", "["}:
        keys.append(set())
        return f"nested more than {MAX_DEPTH} levels deep" if len(keys) > MAX_DEPTH else ""
    if token in {"}", "]"}:
        del keys[-1:]
    elif token in _NO_NUMBERS:
        return f"{token} is not JSON"
    elif _LONG_INTEGER.match(token):
        return "a number of more than 15 digits"
    return ""


def _decoded(token: str) -> str:
    """The key as the parser will see it: `"\\u0061"` is the same key as `"a"`."""
    with suppress(json.JSONDecodeError):
        return str(json.loads(token))
    return token


def _at(text: str, position: int, problem: str) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"{problem} (line {line}, column {column})"
