"""The signs that stand beside words, in Unicode and in ASCII.

Owns both sets and which of them this process shows. Every sign is one cell wide, and none
carries a meaning that a word beside it does not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum


class DisplayStatus(StrEnum):
    """What a person is told about a worker, a stage or a run; finer than the five statuses."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STALLED = "STALLED"
    RETRY = "RETRY"
    PASS = "PASS"
    BLOCKED = "BLOCKED"
    FAIL = "FAIL"
    STOPPED = "STOPPED"

    @property
    def paint(self) -> str:
        """The name of its style in the style sheet."""
        return self.value.lower()


@dataclass(frozen=True)
class Glyphs:
    """One set of signs."""

    status: dict[DisplayStatus, str]
    pointer: str
    chevron: str
    ellipsis: str
    rule: str
    upright: str
    space: str
    tab: str
    folded: str
    open: str
    border: str
    heavy_border: str


UNICODE = Glyphs(
    status={
        DisplayStatus.PENDING: "○",
        DisplayStatus.RUNNING: "●",
        DisplayStatus.STALLED: "◐",
        DisplayStatus.RETRY: "↻",
        DisplayStatus.PASS: "✓",
        DisplayStatus.BLOCKED: "▲",
        DisplayStatus.FAIL: "✗",
        DisplayStatus.STOPPED: "⊘",
    },
    pointer="▸",
    chevron="»",
    ellipsis="…",
    rule="─",
    upright="│",
    space="·",
    tab="→",
    folded="▸",
    open="▾",
    border="round",
    heavy_border="heavy",
)
ASCII = Glyphs(
    status={
        DisplayStatus.PENDING: ".",
        DisplayStatus.RUNNING: "*",
        DisplayStatus.STALLED: "~",
        DisplayStatus.RETRY: "r",
        DisplayStatus.PASS: "v",
        DisplayStatus.BLOCKED: "!",
        DisplayStatus.FAIL: "x",
        DisplayStatus.STOPPED: "-",
    },
    pointer=">",
    chevron=">",
    ellipsis="~",
    rule="-",
    upright="|",
    space=".",
    tab=">",
    folded="+",
    open="-",
    border="ascii",
    heavy_border="ascii",
)

_shown = UNICODE


def use_ascii(wanted: bool) -> None:
    """Show ASCII signs from now on, or Unicode ones."""
    global _shown
    _shown = ASCII if wanted else UNICODE


def glyphs() -> Glyphs:
    """The set in use."""
    return _shown


def terminal_lacks_unicode() -> bool:
    """Whether what is written to the terminal cannot carry the Unicode set."""
    encoding = getattr(sys.__stdout__, "encoding", None) or "ascii"
    try:
        "✓▲─".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False
