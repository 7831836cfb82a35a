"""What an operator's amendments of scope locks say: one wording for the report and every front end.

Owns the words. Knows of an amendment what its event says.
"""

from __future__ import annotations

from collections.abc import Iterable

from factory_engine.escape import printable
from factory_engine.rules.scope import lock_differences
from factory_engine.state import Amendment


def amendment_words(amendment: Amendment) -> str:
    """Whose scope, by whom, what and why, in one line without foreign control characters."""
    by = f" by {printable(amendment.who, 80)}" if amendment.who else ""
    what = "; ".join(lock_differences(amendment.old, amendment.new)) or "nothing"
    why = printable(amendment.reason, 300)
    return f"scope of {printable(amendment.worker_id)} amended{by}: {what} ({why})"


def all_words(amendments: Iterable[Amendment]) -> list[str]:
    """The words of each, in the order in which they were made."""
    return [amendment_words(amendment) for amendment in amendments]
