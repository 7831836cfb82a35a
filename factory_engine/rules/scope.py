"""What a worker may touch: gitignore patterns, matched case-sensitively.

Owns the matching and the comparing of scope locks. Says nothing about what is done to a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pathspec import GitIgnoreSpec

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.escape import printable

# A surrogate that no byte decodes to. `$` in a regular expression also matches before a newline
# at the end, so that `docs/a` would allow the file "docs/a\n".
_NEWLINE = "\udc0a"
_QUOTED_LETTER = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-z0-9_]")
_BRACKETS = re.compile(r"(?<!\\)\[[!^]?\]?[^\]]*\]")
_SET_WORDS = ("[", "--", "&&", "||", "~~")  # the classes of POSIX, and what Python reserves


@dataclass(frozen=True)
class ScopeDecision:
    """Whether a path may be changed, and which pattern said so.

    Args:
        allowed: the verdict.
        pattern: the last pattern that matched; None where none did.
        kind: the list that it stands in; `none` where no list has a say.
    """

    allowed: bool
    pattern: str | None
    kind: Literal["allow", "block", "shared", "none"]


class PatternList:
    """Patterns of one list, the last match deciding, as in a gitignore file.

    Patterns that `pattern_problems` names match nothing.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        usable = ["" if pattern_problems([p]) else p for p in self.patterns]
        # The same matcher everywhere: others are picked up from what happens to be installed.
        self._spec = GitIgnoreSpec.from_lines(usable, backend="simple")
        compiled = list(self._spec.patterns)
        self._negated = any(pattern.include is False for pattern in compiled)
        self._last_first = [
            (pattern.regex.search, self.patterns[index])
            for index, pattern in reversed(list(enumerate(compiled)))
            if pattern.include and pattern.regex is not None
        ]

    def match(self, path: str) -> str | None:
        """The pattern that includes `path`, else None."""
        if not self._last_first or path.startswith(("/", "./")):
            return None  # the matcher would strip these and take the path for another
        if "\n" in path:
            path = path.replace("\n", _NEWLINE)
        if not self._negated:  # then any match decides, and the library's bookkeeping is not needed
            return next((name for search, name in self._last_first if search(path)), None)
        result = self._spec.check_file(path, ())
        if not result.include or result.index is None:
            return None
        return self.patterns[result.index]


@dataclass(frozen=True)
class ScopeRules:
    """The three lists of a scope lock. A block beats everything; shared paths are allowed."""

    allow: PatternList
    block: PatternList
    shared_paths: PatternList

    @classmethod
    def from_lock(cls, lock: ScopeLock) -> ScopeRules:
        """The rules of `lock`. An empty list of allowed patterns allows nothing."""
        return cls(
            allow=PatternList(lock.allowed_globs),
            block=PatternList(lock.blocked_globs),
            shared_paths=PatternList(lock.allow_shared_paths),
        )

    def decide(self, path: str | bytes) -> ScopeDecision:
        """Whether `path` may be changed."""
        text = path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")
        if (pattern := self.block.match(text)) is not None:
            return ScopeDecision(False, pattern, "block")
        if (pattern := self.allow.match(text)) is not None:
            return ScopeDecision(True, pattern, "allow")
        if (pattern := self.shared_paths.match(text)) is not None:
            return ScopeDecision(True, pattern, "shared")
        return ScopeDecision(False, None, "none")

    def shared(self, path: str | bytes) -> bool:
        """Whether others may change `path` too, so that it is merged three-way."""
        text = path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")
        return self.shared_paths.match(text) is not None and self.block.match(text) is None


def pattern_problems(patterns: Iterable[str]) -> list[str]:
    """One clause for each pattern that cannot mean what its author meant.

    Blank patterns and comments are fine: they match nothing, as in a gitignore file.
    """
    found = []
    for pattern in patterns:
        if problem := _problem(pattern):
            found.append(f"pattern '{printable(pattern, 80)}' {problem}")
    return found


class Lists(Protocol):
    """The lists of a scope lock, as an artifact or an event has them."""

    @property
    def allowed_globs(self) -> Sequence[str]:
        """What may be changed."""

    @property
    def blocked_globs(self) -> Sequence[str]:
        """What may not, although it is allowed."""

    @property
    def allow_shared_paths(self) -> Sequence[str]:
        """What others may change, too."""


def lock_differences(issued: Lists, found: Lists) -> list[str]:
    """What `found` has more (`+`) and less (`-`) than `issued`, a line for each such list."""
    lines = []
    for name in ("allowed_globs", "blocked_globs", "allow_shared_paths"):
        before: Sequence[str] = getattr(issued, name)
        after: Sequence[str] = getattr(found, name)
        if before != after:
            words = _difference(before, after) or ["in another order"]
            lines.append(f"{name}: {' '.join(words)}")
    return lines


def _difference(before: Sequence[str], after: Sequence[str], most: int = 8) -> list[str]:
    words = [f"+ {printable(p, 80)}" for p in after if p not in before]
    words += [f"- {printable(p, 80)}" for p in before if p not in after]
    return words if len(words) <= most else [*words[:most], f"and {len(words) - most} more"]


def _problem(pattern: str) -> str:
    if "\n" in pattern or "\0" in pattern:
        return "holds a newline or NUL"
    text = pattern.rstrip()
    if not text or text.startswith("#"):
        return ""
    body = text.removeprefix("!")
    if not body.strip("/"):
        return "names nothing"
    if _QUOTED_LETTER.search(body):
        return "quotes a letter with a backslash; folders are separated by /"
    if {".", ".."} & set(body.split("/")):
        return "holds a step . or .., which no path has"
    sets = [match[0][1:-1] for match in _BRACKETS.finditer(body)]
    if any(word in part for part in sets for word in _SET_WORDS):
        return "holds a set in brackets that is not supported"
    try:
        (compiled,) = GitIgnoreSpec.from_lines([pattern], backend="simple").patterns
    except (ValueError, re.error):
        return "is no pattern that git knows"
    return "" if compiled.include is not None else "holds a bracket without its end"
