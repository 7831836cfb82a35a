"""Which events of a ledger are shown.

Owns the language of the filter line: words that must all hold, `worker=`, `type=`, `status=`
and `since=` with shell patterns, anything else as text; an exclamation mark before a word turns
it round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from factory_engine.events import Event
from factory_tui.text.events import detail, letter, status_of

Test = Callable[[Event], bool]


class LedgerFilter:
    """A filter line, understood. An empty one lets everything through.

    Args:
        text: as it was typed.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text.strip()
        self._tests = [_test(word) for word in self.text.split()]

    def holds(self, event: Event) -> bool:
        """Whether the event is shown."""
        return all(test(event) for test in self._tests)

    def choose(self, events: Iterable[Event]) -> list[Event]:
        """The events that are shown."""
        return list(events) if not self._tests else [e for e in events if self.holds(e)]


def _test(word: str) -> Test:
    if word.startswith("!") and len(word) > 1:
        positive = _test(word[1:])
        return lambda event: not positive(event)
    key, equals, pattern = word.partition("=")
    pattern = pattern.lower()
    if equals and key in ("worker", "w", "actor"):
        return lambda event: (
            _matches(pattern, letter(event.actor)) or _matches(pattern, event.actor)
        )
    if equals and key in ("type", "t"):
        return lambda event: _matches(pattern, event.event_type)
    if equals and key in ("status", "s"):
        return lambda event: _matches(pattern, status_of(event))
    if equals and key == "since":
        return lambda event: event.ts_utc[11 : 11 + len(pattern)] >= pattern
    text = word.lower()
    return lambda event: text in f"{event.event_type} {detail(event)}".lower()


def _matches(pattern: str, text: str) -> bool:
    return fnmatchcase(text.lower(), pattern)
