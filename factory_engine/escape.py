"""Foreign text, made fit to stand in a line, a report or on a terminal.

Owns what is shown instead of characters that move the cursor, hide or reorder text (terminal
escapes, CVE-2021-42574 "Trojan Source"). Never judges a text and never loses which bytes it had.
"""

from __future__ import annotations

import re

# Fixed ranges and not Unicode categories: the same bytes give the same report with every Python.
_UNSHOWN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"  # marks of format,
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible in one script or another
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, direction
    "\u3164\ufeff\uffa0\ufff0-\uffff"
    "\ud800-\udfff"  # surrogates: bytes that are no UTF-8, or broken escapes of a JSON text
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags and selectors
    "]"
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CUT = "…"


def printable(text: str | bytes, limit: int = 200) -> str:
    """`text` on one line, with what must not be shown as `\\x1b` or `\\u{202e}`.

    Args:
        text: any text; a byte that is no UTF-8, also one carried as a lone surrogate (PEP 383), is
            shown as `\\xff`.
        limit: the most characters to return; a longer text ends in an ellipsis.
    """
    source = text[: 4 * limit + 4] if isinstance(text, bytes) else text[: limit + 1]
    decoded = source.decode("utf-8", "surrogateescape") if isinstance(source, bytes) else source
    shown = _UNSHOWN.sub(_spelled, decoded)
    if len(shown) <= limit and len(source) == len(text):
        return shown
    return _cropped(decoded, limit)


def quoted_block(text: str | bytes, *, max_lines: int = 40, width: int = 160) -> str:
    """Foreign text of many lines for a report: each line begins with `| `, so that none is forged.

    Args:
        text: any text; only a newline ends a line.
        max_lines: further lines are counted, not shown.
        width: the most characters of a line, the mark not counted.

    Returns:
        lines joined by newlines, without a last newline; empty for an empty text.
    """
    whole = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
    if not whole:
        return ""
    lines = whole.removesuffix("\n").split("\n")
    shown = [f"| {printable(line.removesuffix(chr(13)), width)}" for line in lines[:max_lines]]
    if len(lines) > max_lines:
        shown.append(f"| {_CUT} {len(lines) - max_lines} more lines")
    return "\n".join(line.rstrip() for line in shown)


def exact(name: bytes, limit: int = 200) -> str:
    """`name` with everything outside ASCII spelled out, for names that look the same."""
    ascii_only = "".join(
        char if char.isascii() else _escape(char)
        for char in name.decode("utf-8", "surrogateescape")
    )
    return printable(ascii_only, limit)


def _spelled(match: re.Match[str]) -> str:
    return _escape(match[0])


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return _SHORT.get(char) or (f"\\x{code:02x}" if code < 0x80 else f"\\u{{{code:x}}}")


def _cropped(text: str, limit: int) -> str:
    """As much of `text` as fits before the ellipsis, no escape cut in two."""
    pieces: list[str] = []
    room = limit - len(_CUT)
    for char in text:
        piece = _UNSHOWN.sub(_spelled, char)
        if len(piece) > room:
            break
        pieces.append(piece)
        room -= len(piece)
    return "".join(pieces) + _CUT
