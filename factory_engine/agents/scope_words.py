"""A scope lock in words, for an agent that has never heard of one.

Owns the wording of gitignore patterns. Whether a path is inside is judged elsewhere, by the
patterns themselves: each is quoted beside its words.
"""

from __future__ import annotations

from collections.abc import Sequence

_WILD = frozenset("*?[\\")


def pattern_in_words(pattern: str) -> str:
    """What one gitignore pattern matches: ``everything below src/ (`src/**`)``."""
    body = pattern.removeprefix("!")
    words = f"{_plain(body)} (`{pattern}`)"
    return f"but not {words}" if pattern.startswith("!") else words


def patterns_in_words(patterns: Sequence[str]) -> list[str]:
    """The words of each pattern; comments and blank ones match nothing and have none."""
    return [pattern_in_words(p) for p in patterns if p.strip() and not p.startswith("#")]


def _plain(pattern: str) -> str:
    # A slash at the front or in the middle ties a pattern to the top (gitignore(5)).
    anchored = "/" in pattern.rstrip("/")
    path = pattern.lstrip("/")
    if path in ("*", "**"):
        return "everything"
    folder = path.removesuffix("**").removesuffix("/") if path.endswith("/**") else ""
    if folder and not _WILD & set(folder):
        return f"everything below {folder}/"
    where = "" if anchored else " in any folder"
    if _WILD & set(path):
        return f"whatever fits the pattern{where}"
    if path.endswith("/"):
        return f"everything below {'' if anchored else 'any folder called '}{path}"
    return f"the file or folder {path}{where}"
