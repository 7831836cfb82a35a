"""The types that settings are made of, with their limits and the words for those limits.

Owns what a valid text, number or name is. Knows no section of the configuration.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

WEEK_S = 604_800

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_SHORT_NAME = r"^[a-z][a-z0-9_-]{0,31}$"
_RUN_KIND = r"^[a-z][a-z0-9-]{0,31}$"
_WORKER_ID = r"^[A-Y]_worker$"
_VARIABLE = r"^[^=]+$"

PATTERN_WORDS = {
    _ONE_LINE: "one line without control characters",
    _SHORT_NAME: "up to 32 of a-z, 0-9, - and _, a letter first",
    _RUN_KIND: "up to 32 of a-z, 0-9 and -, a letter first",
    _WORKER_ID: "A_worker to Y_worker",
    _VARIABLE: "the name of a variable, without =",
}


class Settings(BaseModel):
    """A closed, frozen object of the configuration; nothing is coerced but 5 to 5.0."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Seconds = Annotated[float, Field(gt=0, le=WEEK_S, allow_inf_nan=False)]
Title = Annotated[str, Field(max_length=200, pattern=_ONE_LINE)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_ONE_LINE)]
RunKind = Annotated[str, Field(pattern=_RUN_KIND)]
WorkerId = Annotated[str, Field(pattern=_WORKER_ID)]
AgentName = Annotated[str, Field(pattern=_SHORT_NAME)]
"""Lower case, so that a name from a Windows environment can only mean one agent."""

Location = Annotated[str, Field(max_length=4096)]
Prompt = Annotated[str, Field(max_length=1_000_000)]
Pattern = Annotated[str, Field(min_length=1, max_length=4096)]
Patterns = Annotated[list[Pattern], Field(max_length=10_000)]
Argv = Annotated[list[Annotated[str, Field(max_length=100_000)]], Field(max_length=1000)]
"""A program and its arguments; an argument may be empty."""

VariableName = Annotated[str, Field(max_length=1000, pattern=_VARIABLE)]
VariableNames = Annotated[list[VariableName], Field(max_length=1000)]
Variables = Annotated[dict[VariableName, str], Field(max_length=1000)]


def contradiction(message: str, *places: tuple[str, ...]) -> PydanticCustomError:
    """What a validator raises when each value is fine by itself but not beside the others.

    Args:
        message: a clause that follows the name of the first place.
        places: the settings concerned, relative to the model that raises; none for itself.
    """
    return PydanticCustomError("contradiction", "{message}", {"message": message, "places": places})
