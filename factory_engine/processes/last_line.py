"""The last complete line of a stream of bytes, in constant memory. Owns nothing else."""

from __future__ import annotations

import re

_LIMIT = 4096
_BREAK = re.compile(rb"[\r\n]+")


class LastLine:
    """Remembers the last complete line that is not blank.

    A carriage return ends a line too: progress bars are written that way. At most 4096 bytes of a
    line are kept.
    """

    def __init__(self) -> None:
        self.line = b""
        self._open = b""

    @property
    def final(self) -> bytes:
        """The last line that is not blank, whether it ever came to its end or not."""
        return self._open if self._open.strip() else self.line

    def feed(self, chunk: bytes) -> bool:
        """Takes the next bytes. Returns True if `line` is a newly completed one."""
        cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        if cut < 0:
            self._open += chunk[: _LIMIT - len(self._open)]
            return False
        window = chunk[max(0, cut - _LIMIT) : cut]
        pieces = _BREAK.split(window if cut > _LIMIT else self._open + window)
        self._open = chunk[cut + 1 : cut + 1 + _LIMIT]
        complete = [piece for piece in pieces if piece.strip()]
        if not complete:
            return False
        self.line = complete[-1][:_LIMIT]
        return True
