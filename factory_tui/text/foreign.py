"""Foreign text on its way to the screen.

Owns how bytes of a worker become cells: decoded, escaped, tabs as spaces. Colours that a program
wrote for a terminal (SGR) are dropped, any other control sequence is spelled out; nothing that a
worker wrote is ever interpreted.
"""

from __future__ import annotations

import re

from factory_engine.escape import printable

TAB = 4
LONGEST = 4000
"""Characters of one line that are shown; the whole line stays in its file."""

_SGR = re.compile(r"\x1b\[[0-9;:]*[mK]")
_RUNS = re.compile(r"\t")


def text_of(data: bytes | str) -> str:
    """Text with bytes that are no UTF-8 as lone surrogates, as artifacts spell them."""
    return data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")


def cells(data: bytes | str, limit: int = LONGEST, *, tab: int = TAB) -> str:
    """One line for a text view: no line end, tabs expanded, controls spelled out.

    Args:
        data: one line, with or without its end.
        limit: the most characters that are looked at.
        tab: cells between two tab stops.
    """
    text = text_of(data[: limit + 1 if isinstance(data, str) else 4 * limit + 4])
    text = text.rstrip("\r\n")
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else printable(text, limit)
    text = _SGR.sub("", text)
    if "\r" in text:  # a progress bar overwrote its line: its last state is what a terminal shows
        text = text.rsplit("\r", 1)[1] or text
    if "\t" in text:
        text = text.expandtabs(tab)
    return printable(text, limit)


def one_line(text: str, limit: int = 300) -> str:
    """A title, a reason or a path on one line."""
    return printable(text, limit)
