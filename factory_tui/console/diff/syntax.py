"""Colours of program text, for the lines that are on the screen.

Owns the choice of a lexer by file name and the mapping of its tokens to the few styles of the
console. Lexers are third-party regular expressions: they get short pieces of bounded width
only, and one that fails costs nothing but colour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_for_filename  # type: ignore[import-untyped]
from pygments.token import Token  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

_WIDEST = 400
_STYLES = (
    (Token.Comment, "comment"),
    (Token.Keyword.Type, "type"),
    (Token.Keyword, "keyword"),
    (Token.Literal.String, "string"),
    (Token.Literal.Number, "number"),
    (Token.Operator.Word, "keyword"),
    (Token.Name.Class, "type"),
    (Token.Name.Builtin, "keyword"),
    (Token.Name.Function, "name"),
    (Token.Name.Decorator, "name"),
    (Token.Name.Tag, "name"),
    (Token.Name.Attribute, "type"),
)

Spans = list[tuple[int, int, str]]


@lru_cache(maxsize=64)
def lexer_for(path: str) -> Lexer | None:
    """The lexer for a file of that name; None for plain text."""
    try:
        return get_lexer_for_filename(path, stripnl=False, ensurenl=True)
    except (ClassNotFound, ValueError):
        return None


def colored(path: str, lines: Sequence[str]) -> list[Spans]:
    """For each of some neighbouring lines, spans and the names of their styles."""
    lexer = lexer_for(path.rpartition("/")[2])
    result: list[Spans] = [[] for _ in lines]
    if lexer is None:
        return result
    text = "\n".join(line if len(line) <= _WIDEST else "" for line in lines)
    opening = _left_open(text)
    text = f"{opening}\n{text}" if opening else text
    row, column = (-1, 0) if opening else (0, 0)
    try:
        for kind, value in lexer.get_tokens(text):
            name = _style(kind)
            for number, part in enumerate(value.split("\n")):
                if number:
                    row, column = row + 1, 0
                if part and name and 0 <= row < len(result):
                    result[row].append((column, column + len(part), name))
                column += len(part)
    except Exception:  # a bug of one of hundreds of lexers must not take the screen away
        return [[] for _ in lines]
    return result


def _left_open(text: str) -> str:
    """What must have been opened before `text`, which begins in the middle of a file."""
    for quotes in ('"""', "'''"):
        first = re.search(rf"^.*{quotes}.*$", text, re.MULTILINE)
        if first and text.count(quotes) % 2 and first[0].strip() == quotes:
            return quotes
    closed, opened = text.find("*/"), text.find("/*")
    return "/*" if 0 <= closed < (opened if opened >= 0 else len(text)) else ""


@lru_cache(maxsize=512)
def _style(kind: object) -> str:
    return next((name for token, name in _STYLES if kind in token), "")
