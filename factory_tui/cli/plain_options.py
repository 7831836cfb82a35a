"""The options of a plain listing, read without argparse, which takes as long to load as the answer.

Owns the few words that `ledger` and `runs` are mostly called with. Any other word is left to the
parser of the command, which knows all of them and how to complain.
"""

from __future__ import annotations

from types import SimpleNamespace

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# What the parsers of the two give where an option is left out; a test holds them against these.
_COMMON: dict[str, Any] = {
    "start": ".",
    "config": None,
    "overrides": [],
    "json": False,
    "quiet": False,
    "color": "auto",
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "ledger": _COMMON
    | {"run_id": None, "dir": None, "limit": None, "raw_events": False}
    | dict.fromkeys(("since", "actor", "event_type", "status")),
    "runs": _COMMON | {"limit": 20, "all": False},
}
_FLAGS = {"ledger": {"--raw-events": "raw_events"}, "runs": {"--all": "all"}}


def read(given: Sequence[str]) -> Any:
    """The options of a plain `ledger` or `runs`; None where the command line is not that plain.

    Args:
        given: the arguments without the program's name.
    """
    if not given or given[0] not in _DEFAULTS:
        return None
    options = dict(_DEFAULTS[given[0]])
    rest = iter(given[1:])
    seen = set()
    for word in rest:
        flag = _FLAGS[given[0]].get(word)
        value = next(rest, "") if word == "--limit" else ""
        if flag is None and not (value.isascii() and value.isdigit() and 0 < int(value) < 10**6):
            return None
        options |= {flag: True} if flag else {"limit": int(value)}
        seen.add(word)
    return None if {"--all", "--limit"} <= seen else SimpleNamespace(**options)
