"""What can be copied from a screen. Owns nothing but that pair of words and text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Copyable:
    """One thing that `y` offers: what it is, and its text."""

    label: str
    text: str
