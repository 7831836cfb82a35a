"""Names as a patch spells them: prefixes, and quotes in the manner of C.

Owns the reading of names in the lines before the hunks (git's quote.c and apply.c). Never judges a
name.
"""

from __future__ import annotations

import re

NOTHING = b"/dev/null"

_ESCAPE = re.compile(rb'\\(?:([abtnvfr"\\])|([0-3][0-7]{2}))')
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
    b'"': b'"',
    b"\\": b"\\",
}
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def unquote(token: bytes) -> bytes | None:
    """The name that `token` spells, quoted or not; None when the quoting is broken."""
    if not token.startswith(b'"'):
        return token
    match = _QUOTED.fullmatch(token)
    if match is None or b"\\" in _ESCAPE.sub(b"", match[1]):
        return None
    return _ESCAPE.sub(_unescaped, match[1])


def header_names(rest: bytes) -> tuple[bytes, bytes] | None:
    """The two names of `diff --git <rest>`, prefixes included; None where they cannot be told.

    Without quotes a space may belong to a name, so that only equal names can be told, as in
    git's `git_header_name`.
    """
    if rest.startswith(b'"'):
        first = _QUOTED.match(rest)
        if first is None or rest[first.end() : first.end() + 1] != b" ":
            return None
        return _pair(unquote(first[0]), unquote(rest[first.end() + 1 :]))
    if rest.endswith(b'"'):
        at = rest.find(b' "')
        return _pair(rest[:at], unquote(rest[at + 1 :])) if at >= 0 else None
    middle = len(rest) // 2
    before, after = rest[:middle], rest[middle + 1 :]
    if rest[middle : middle + 1] == b" " and _tail(before) == _tail(after):
        return before, after
    if rest.count(b" ") == 1:
        return _pair(*rest.split(b" "))
    return None


def side_name(token: bytes) -> bytes | None:
    """The name of a `---` or `+++` line: git puts a tab after a name that holds a space."""
    return unquote(token.removesuffix(b"\t"))


def without_prefix(name: bytes, prefix: bytes) -> bytes | None:
    """`name` without `a/` or `b/`; None when it begins otherwise."""
    return name[len(prefix) :] if name.startswith(prefix) and len(name) > len(prefix) else None


def _unescaped(match: re.Match[bytes]) -> bytes:
    return _LETTERS[match[1]] if match[1] else bytes((int(match[2], 8),))


def _pair(old: bytes | None, new: bytes | None) -> tuple[bytes, bytes] | None:
    return None if old is None or new is None else (old, new)


def _tail(name: bytes) -> bytes:
    return name.partition(b"/")[2]
