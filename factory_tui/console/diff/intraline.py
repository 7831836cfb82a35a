"""Which characters of a changed line are the change.

Owns that comparison, word by word, for the few lines on the screen. Long lines are compared
from both ends only: their cost must not grow with the square of their length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_MOST_WORDS = 120
_LEAST_LIKENESS = 0.35
_PAIRS_KEPT = 128
"""A screenful: both lines of a pair ask, and once more when their colours have come."""

Span = tuple[int, int]
Spans = list[Span]


@lru_cache(maxsize=_PAIRS_KEPT)
def changed_parts(old: str, new: str) -> tuple[Sequence[Span], Sequence[Span]]:
    """Spans of `old` and of `new` that differ; none where the lines have too little in common."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) > _MOST_WORDS or len(after) > _MOST_WORDS:
        return _middle(old, new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _LEAST_LIKENESS:
        return [], []
    spans_old: Spans = []
    spans_new: Spans = []
    at_old, at_new = _starts(before), _starts(after)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            _add(spans_old, at_old[i1], at_old[i2])
            _add(spans_new, at_new[j1], at_new[j2])
    return spans_old, spans_new


def _middle(old: str, new: str) -> tuple[Spans, Spans]:
    """Everything between the common beginning and the common end."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if (head + tail) * 3 < shorter:
        return [], []
    spans_old: Spans = []
    spans_new: Spans = []
    _add(spans_old, head, len(old) - tail)
    _add(spans_new, head, len(new) - tail)
    return spans_old, spans_new


def _starts(words: list[str]) -> list[int]:
    positions = [0]
    for word in words:
        positions.append(positions[-1] + len(word))
    return positions


def _add(spans: Spans, start: int, end: int) -> None:
    if start >= end:
        return
    if spans and spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))
