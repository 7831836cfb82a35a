"""Changes of .gitattributes: a few words there make git run programs or rewrite files.

Owns which attributes are harmless. Evaluates no pattern: a line counts wherever it would match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from factory_engine.artifacts.violations import Code
from factory_engine.escape import printable
from factory_engine.git.diff import TreeChange
from factory_engine.git.modes import LINK
from factory_engine.rules.name_folding import special_name
from factory_engine.rules.policy import PathViolation
from factory_engine.rules.scope import PatternList

NAME = ".gitattributes"

# Everything else names a driver (filter, diff, merge), converts text (text, eol, ident,
# working-tree-encoding), changes archives (export-subst), or may be a macro for one of these.
_HARMLESS = ("conflict-marker-size", "delta", "encoding", "export-ignore", "whitespace")
_HARMLESS_PREFIXES = ("linguist-", "gitlab-", "github-")
_BLANK = " \t\r"  # what separates words for git's attr.c; for Python much more would


def is_attributes_file(path: bytes) -> bool:
    """Whether git, on some system, reads `path` as attributes."""
    return special_name(path.rpartition(b"/")[2]) == NAME


def attribute_violations(
    changes: Sequence[TreeChange], contents: Mapping[str, bytes], granted: Iterable[str]
) -> Iterator[PathViolation]:
    """ATTRIBUTES for each change of an attributes file that could make git act.

    Args:
        changes: what differs from base.
        contents: the texts of attributes files, old and new, by object id.
        granted: the patterns that the worker is allowed. One that ends in the name
            `.gitattributes` grants the files that it matches; a wider one does not.
    """
    literal = [p for p in granted if p.rstrip("/ ").rpartition("/")[2] == NAME]
    grant = PatternList(literal)
    for change in changes:
        if not is_attributes_file(change.path):
            continue
        if grant.match(change.path.decode("utf-8", "surrogateescape")) is not None:
            continue
        if reason := _reason(change, contents):
            yield change.path, Code.ATTRIBUTES, reason


def _reason(change: TreeChange, contents: Mapping[str, bytes]) -> str:
    if LINK in (change.old_mode, change.new_mode):
        return "is a link in the place of attributes"
    old = _lines(change.old_oid, contents)
    new = _lines(change.new_oid, contents)
    if old is None or new is None:
        return "changes attributes in a way that could not be read"
    differing = sorted(set(old) ^ set(new))
    for line in differing or new:  # the same lines in another order: the last one wins
        if word := _harmful_word(line):
            return f"sets '{printable(word, 40)}', which can make git run programs or rewrite files"
    return ""


def _lines(oid: str | None, contents: Mapping[str, bytes]) -> list[bytes] | None:
    if oid is None:
        return []
    content = contents.get(oid)
    return None if content is None else content.split(b"\n")


def _harmful_word(line: bytes) -> str:
    """The first attribute of `line` that is not known to be harmless."""
    text = line.decode("utf-8", "surrogateescape").strip(_BLANK)
    if not text or text.startswith("#"):
        return ""
    if text.startswith('"'):
        return text  # a quoted pattern may hold spaces: what follows is not worth guessing
    for word in re.split(f"[{_BLANK}]+", text)[1:]:
        name = word.lstrip("-!").partition("=")[0]
        if name not in _HARMLESS and not name.startswith(_HARMLESS_PREFIXES):
            return name
    return ""
