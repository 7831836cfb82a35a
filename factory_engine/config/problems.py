"""From pydantic's findings to one line: the setting, what was expected, what stands there.

Owns the words for a wrong value. Never raises and never reads a layer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from factory_engine.config.fields import PATTERN_WORDS
from factory_engine.config.wording import Place, described, dotted, plain

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "an object",
    "string_type": "text",
    "string_unicode": "text in UTF-8",
}


_COMMANDS = ("argv", "command", "run")


@dataclass(frozen=True)
class SettingProblem:
    """The first finding of many.

    Args:
        what: one line, without the origin.
        places: the settings that it concerns, the one that `what` names first.
    """

    what: str
    places: tuple[Place, ...]


def first_problem(error: ValidationError) -> SettingProblem:
    """The first finding of `error`, with the number of the others."""
    found = error.errors(include_url=False)
    item = found[0]
    place = tuple(part for part in item["loc"] if part != "[key]")
    places: tuple[Place, ...] = (place,)
    if item["type"] == "contradiction" and item["ctx"]["places"]:
        places = tuple((*place, *relative) for relative in item["ctx"]["places"])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return SettingProblem(f"{dotted(places[0])}: {_sentence(item)}{more}", places)


def _sentence(item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    if item["type"] == "contradiction":
        return str(context["message"])
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "extra_forbidden":
        return "is no known key"
    if item["type"] == "list_type" and item["loc"][-1] in _COMMANDS and item["input"]:
        as_list = _as_words(str(item["input"]))
        return f"expected a list, not {_given(item)}: write {as_list}"
    expected = _EXPECTED.get(item["type"]) or _limit(item["type"], context)
    return f"expected {expected or item['msg']}, not {_given(item)}"


def _as_words(line: str) -> str:
    """A command line as the list that it was meant to be."""
    needs_shell = any(sign in line for sign in "|&;<>$`*\"'")
    words = ["sh", "-c", line] if needs_shell else line.split()
    return plain(json.dumps(words))


def _given(item: ErrorDetails) -> str:
    if item["type"] in ("too_long", "too_short"):
        return str(item["ctx"]["actual_length"])
    return described(item["input"])


def _limit(kind: str, context: dict[str, Any]) -> str:
    if "pattern" in context:
        return PATTERN_WORDS.get(context["pattern"], "")
    unit = "characters" if kind.startswith("string") else "entries"
    for key, template in (
        ("expected", "{}"),
        ("gt", "a number above {:,.0f}"),
        ("ge", "a number from {:,.0f} up"),
        ("le", "a number up to {:,.0f}"),
        ("min_length", f"{{}} or more {unit}"),
        ("max_length", f"up to {{:,}} {unit}"),
    ):
        if key in context:
            return template.format(context[key])
    return ""
