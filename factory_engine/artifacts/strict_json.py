"""JSON as artifacts use it: one strict reader for foreign bytes, one canonical writer.

Owns the bytes of every JSON artifact. Never opens a file and never judges the meaning of a value.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_BYTES = 1_000_000
MAX_CLAIM_BYTES = 64_000_000  # FILES_CHANGED.json grows with the number of files
MAX_DEPTH = 32
MAX_DIGITS = 15  # integers that every JSON reader holds exactly, RFC 8259 section 6

_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonProblem(ValueError):
    """Why some bytes are not acceptable JSON.

    Args:
        code: JSON_ENCODING, JSON_LIMIT or JSON_STRICT.
        message: one clause for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Parse `data`, refusing what lenient readers disagree about.

    Size and depth are measured before the parser runs, so a hostile document costs no memory.

    Raises:
        JsonProblem: a BOM, another encoding than UTF-8, a duplicate key, NaN or Infinity, an
            integer of more than 15 digits, more than 32 levels, more than `max_bytes`.
    """
    if len(data) > max_bytes:
        raise JsonProblem("JSON_LIMIT", f"{len(data):,} bytes, more than {max_bytes:,}")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise JsonProblem("JSON_ENCODING", "begins with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonProblem("JSON_ENCODING", f"byte {error.start} is not UTF-8") from None
    _check_depth(data)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
        )
    except json.JSONDecodeError as error:
        raise JsonProblem(
            "JSON_STRICT", f"{error.msg} (line {error.lineno}, column {error.colno})"
        ) from None


def dump(value: Any) -> bytes:
    """Canonical bytes: UTF-8, sorted keys, two-space indent, final newline.

    A path that is not UTF-8 reaches here with lone surrogates (PEP 383); they are written as JSON
    escapes, so that the file stays UTF-8 and the path comes back byte for byte.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False) + "\n"
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def _check_depth(data: bytes) -> None:
    depth = 0
    for match in _NESTING.finditer(data):
        first = match[0][:1]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonProblem("JSON_LIMIT", f"nested more than {MAX_DEPTH} levels deep")
        elif first in b"]}":
            depth -= 1


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonProblem("JSON_STRICT", f"key {key[:80]!r} stands twice in one object")
            seen.add(key)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise JsonProblem("JSON_STRICT", f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise JsonProblem("JSON_LIMIT", f"an integer of {len(digits)} digits")
    return int(digits)
