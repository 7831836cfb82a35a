"""JSON as artifacts use it: one strict reader for foreign bytes, one canonical writer.

Owns the bytes of every JSON artifact. Never opens a file and never judges the meaning of a value.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MAX_BYTES = 1_000_000
MAX_CLAIM_BYTES = 64_000_000  # FILES_CHANGED.json grows with the number of files
MAX_DEPTH = 32
MAX_CONTAINERS = 250_000  # three bytes of text, sixty of memory
MAX_DIGITS = 15  # integers that every JSON reader holds exactly, RFC 8259 section 6

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_NESTING = bytes(set(range(256)) - set(b"[]{}"))
_AS_PARENTHESES = bytes.maketrans(b"[]{}", b"()()")
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
            integer of more than 15 digits, a number beyond a double, more than 32 levels or 250,000
            objects and lists, more than `max_bytes`.
    """
    if len(data) > max_bytes:
        raise JsonProblem("JSON_LIMIT", f"{len(data):,} bytes, more than {max_bytes:,}")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise JsonProblem("JSON_ENCODING", "begins with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonProblem("JSON_ENCODING", f"byte {error.start} is not UTF-8") from None
    _check_nesting(data)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
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


def _check_nesting(data: bytes) -> None:
    """How many objects and lists there are, and how deep they lie.

    Takes away the innermost pairs of brackets, a level at a time, until none is left.

    Whole-range operations cost no object for each bracket. What does not close is no JSON, and
    only its openings count; the parser says the rest.
    """
    containers = data.count(b"[") + data.count(b"{")
    if containers <= MAX_DEPTH:
        return
    if containers > MAX_CONTAINERS:
        raise JsonProblem("JSON_LIMIT", f"more than {MAX_CONTAINERS:,} objects and lists")
    brackets = _STRING.sub(b"", data).translate(_AS_PARENTHESES, _NOT_NESTING)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"()", b"")
    if b"()" in brackets or brackets.count(b"(") > MAX_DEPTH:
        raise JsonProblem("JSON_LIMIT", f"nested more than {MAX_DEPTH} levels deep")


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


def _finite_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise JsonProblem("JSON_LIMIT", "a number that is too large to compute with")
    return value


def _bounded_int(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise JsonProblem("JSON_LIMIT", f"an integer of {len(digits)} digits")
    return int(digits)
