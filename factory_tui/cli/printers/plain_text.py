"""Foreign text on one line, as `factory_engine.escape` has it, for the light listings."""

from __future__ import annotations


def shown(text: str, limit: int = 200) -> str:
    """`text` fit for a line; the engine is asked only where there is something to escape."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    from factory_engine.escape import printable  # seldom needed, and not needed to begin with

    return printable(text, limit)
