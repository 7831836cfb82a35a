"""A line of output, safe to show. Owns what of it is shown, and nothing else."""

from __future__ import annotations

import re

_SHOWN = 200  # characters of a line

# Colours, cursor movements, window titles and links (ECMA-48, 5.4 and 5.6).
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def one_line(line: bytes) -> str:
    """A line of output, safe to show: no escape sequences, no control or direction characters."""
    text = _ESCAPES.sub("", line.decode("utf-8", "replace")).replace("\t", " ").strip()
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in shown)
