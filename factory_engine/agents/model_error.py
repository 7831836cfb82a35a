"""What went wrong between an agent and its model, in words that a person can act on.

Owns the sorting of messages into kinds, by status code where there is one and else by what the
programs are known to say. Whether another try makes sense depends on the kind alone; how soon, on
what the service asks for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from factory_engine.agents.json_lines import text
from factory_engine.config.limits import RetryKind


@dataclass(frozen=True)
class ModelError:
    """Why a turn failed.

    Args:
        reason: what happened, for a person.
        kind: of which kind it is, where another try could end better.
        interrupted: it is what the agent says when it is stopped.
        retry_after_s: seconds that the model service asks to wait; 0 where it says nothing.
    """

    reason: str
    kind: RetryKind | None = None
    interrupted: bool = False
    retry_after_s: float = 0.0


_SPENT = ModelError("the account's allowance is used up")
_NO_LOGIN = ModelError("not logged in, or the key was refused")
_RATE = ModelError("the model service limits the rate", "rate_limit")
_SERVICE = ModelError("the model service has trouble", "service")
_SILENT = ModelError("the model fell silent", "silent")
_CUT = ModelError("the connection to the model was cut", "cut")
_TOO_LONG = ModelError("the task has outgrown what the model can hold")
_NO_MODEL = ModelError("there is no such model")
_REFUSED = ModelError("the model refused")

_BY_STATUS = {401: _NO_LOGIN, 403: _NO_LOGIN, 404: _NO_MODEL, 408: _SILENT, 429: _RATE}

# The first that fits counts.
_BY_WORDS = (
    (
        r"log(?:ged)? ?in\b|unauthori[sz]ed|authenticat|api key|credentials"
        r"|missing environment variable|access token",
        _NO_LOGIN,
    ),
    (r"rate.?limit|too many requests", _RATE),
    (r"overloaded|high demand|unavailable|bad gateway|server.?error", _SERVICE),
    (r"idle timeout|timed? ?out", _SILENT),
    (r"empty or malformed response|stream (?:disconnected|closed)", _CUT),
    (r"connection|network|econn|socket|fetch failed", _CUT),
    (r"context (?:window|length)|too long", _TOO_LONG),
    (r"model\b.{0,60}(?:not (?:found|exist|supported)|unknown)", _NO_MODEL),
)
# Reported with the status of a rate limit, but no second try mends it.
_SPENT_WORDS = re.compile(r"usage limit|quota|billing|credit balance", re.IGNORECASE)
# OpenAI: `Please try again in 1m2.5s`; others: `retry after 20 seconds`, `Retry-After: 20`.
_WAIT = re.compile(
    r"(?:try again|retry)[ -](?:in|after):? ?"
    r"((?:\d{1,6}(?:\.\d{1,9})? ?[a-z]{0,12}[ ,]{0,2}){1,4})",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(\d{1,6}(?:\.\d{1,9})?) ?(ms|days?|d|hours?|h|minutes?|mins?|m|seconds?|secs?|s|)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_UNITS = {"ms": 0.001, "mi": 60.0, "m": 60.0, "da": 86_400.0, "d": 86_400.0}
_UNITS |= {"ho": 3600.0, "h": 3600.0, "se": 1.0, "s": 1.0, "": 1.0}
_STATUS = re.compile(r"\b(?:status|error|code)(?: code)?:? ([45]\d\d)\b", re.IGNORECASE)


def model_error_of(message: str, status: int = 0) -> ModelError:
    """What a message of an agent tells of.

    Args:
        message: what the agent printed.
        status: the HTTP status that the agent names beside it; 0 if it names none.
    """
    said = _spoken(message)
    kind = _kind(said, status or _status_in(said))
    reason = f"{kind.reason}: {said}" if said else kind.reason
    return ModelError(reason, kind.kind, retry_after_s=wait_in(said) if kind.kind else 0.0)


def wait_in(message: str) -> float:
    """The seconds that a message asks to wait, as in `try again in 1m30s`; 0 where it does not."""
    asked = _WAIT.search(message)
    parts = _SPAN.findall(asked[1]) if asked else []
    return sum(float(number) * _UNITS[unit[:2].lower()] for number, unit in parts)


def _kind(message: str, status: int) -> ModelError:
    if status < 500 and _SPENT_WORDS.search(message):
        return _SPENT
    if status >= 500:
        return _SERVICE
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    for pattern, kind in _BY_WORDS:
        if re.search(pattern, message, re.IGNORECASE):
            return kind
    return _REFUSED


def _status_in(message: str) -> int:
    found = _STATUS.search(message)
    return int(found[1]) if found else 0


def _spoken(message: str) -> str:
    """The sentence in a message that is the JSON body of an answer, else the message."""
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return message.strip()
    return text(body, "error", "message") or text(body, "message") or message.strip()
