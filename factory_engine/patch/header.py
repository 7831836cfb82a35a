"""The lines of a patch section before its content: names, kind, modes, ids.

Owns what git writes there, in git's order (diff.c), and whether the lines agree with each other.
`git apply` takes the last word of contradicting lines; here a contradiction is a problem.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from factory_engine.patch.model import Kind
from factory_engine.patch.names import (
    NOTHING,
    header_names,
    side_name,
    unquote,
    without_prefix,
)

_HEADER = re.compile(
    rb"diff --git (?P<names>[^\n]+)\n"
    rb"(?:old mode (?P<mode_before>[0-7]{6})\nnew mode (?P<mode_after>[0-7]{6})\n)?"
    rb"(?:(?P<life>new|deleted) file mode (?P<mode>[0-7]{6})\n)?"
    rb"(?:(?:dis)?similarity index [0-9]{1,3}%\n)?"
    rb"(?:(?P<verb>rename|copy) from (?P<source>[^\n]+)\n(?P=verb) to (?P<target>[^\n]+)\n)?"
    rb"(?:dissimilarity index [0-9]{1,3}%\n)?"
    rb"(?:index (?P<before>[0-9a-f]{4,64})\.\.(?P<after>[0-9a-f]{4,64})"
    rb"(?: (?P<index_mode>[0-7]{6}))?\n)?"
    rb"(?:--- (?P<old_side>[^\n]+)\n\+\+\+ (?P<new_side>[^\n]+)\n)?"
)


@dataclass
class Header:
    """What the lines say. `old` and `new` are None where the file is not there."""

    old: bytes | None
    new: bytes | None
    kind: Kind
    old_mode: str | None
    new_mode: str | None
    old_oid: str | None
    new_oid: str | None
    has_sides: bool
    end: int
    names: set[bytes] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def read_header(data: bytes, start: int, end: int) -> Header | None:
    """The header of the section `data[start:end]`, which begins with `diff --git `.

    Returns:
        None when not even its first line can be read.
    """
    match = _HEADER.match(data, start, end)
    if match is None:
        return None
    header = _facts(match)
    _read_names(header, match)
    if match["life"] and (match["verb"] or match["mode_before"]):
        header.problems.append("is new or deleted and something else at once")
    return header


def _facts(match: re.Match[bytes]) -> Header:
    life, verb = match["life"], match["verb"]
    kind: Kind = "modified"
    if verb:
        kind = "renamed" if verb == b"rename" else "copied"
    elif life:
        kind = "added" if life == b"new" else "deleted"
    index_mode = _text(match["index_mode"])
    return Header(
        old=None,
        new=None,
        kind=kind,
        old_mode=_text(match["mode"] if kind == "deleted" else match["mode_before"]) or index_mode,
        new_mode=_text(match["mode"] if kind == "added" else match["mode_after"]) or index_mode,
        old_oid=_text(match["before"]),
        new_oid=_text(match["after"]),
        has_sides=match["old_side"] is not None,
        end=match.end(),
    )


def _read_names(header: Header, match: re.Match[bytes]) -> None:
    if _read_plain_names(header, match):
        return
    first = header_names(match["names"])
    sides = _sides(header, match) if header.has_sides else None
    if match["verb"]:
        old = _name(header, unquote(match["source"]))
        new = _name(header, unquote(match["target"]))
    elif sides is not None:
        old = sides[0] if sides[0] is not None else sides[1]
        new = sides[1] if sides[1] is not None else sides[0]
    elif first is not None:
        old, new = (
            _stripped(header, name, p) for name, p in zip(first, (b"a/", b"b/"), strict=True)
        )
    else:
        header.problems.append("does not say which file it is about")
        return
    _compare(header, match["names"], first, sides, old, new)
    header.names.update(name for name in (old, new) if name)
    header.old = None if header.kind == "added" else old
    header.new = None if header.kind == "deleted" else new


def _read_plain_names(header: Header, match: re.Match[bytes]) -> bool:
    """The usual header, with one name that needs no quotes; False when it is not one."""
    if not header.has_sides or match["verb"]:
        return False
    old_side, new_side = match["old_side"], match["new_side"]
    name: bytes = (old_side if header.kind == "deleted" else new_side)[2:]
    expected_old = NOTHING if header.kind == "added" else b"a/" + name
    expected_new = NOTHING if header.kind == "deleted" else b"b/" + name
    if (
        not name
        or (old_side, new_side) != (expected_old, expected_new)
        or match["names"] != b"a/%b b/%b" % (name, name)
        or b"\t" in name
    ):
        return False
    header.names.add(name)
    header.old = None if header.kind == "added" else name
    header.new = None if header.kind == "deleted" else name
    return True


def _sides(header: Header, match: re.Match[bytes]) -> tuple[bytes | None, bytes | None]:
    """The names of the `---` and `+++` lines, None for the side that is /dev/null."""
    sides: list[bytes | None] = []
    absent = ("added", "deleted")
    for token, prefix, kind in zip(
        (match["old_side"], match["new_side"]), (b"a/", b"b/"), absent, strict=True
    ):
        name = _name(header, side_name(token))
        nothing = name == NOTHING
        if nothing != (header.kind == kind):
            header.problems.append("/dev/null stands where it does not belong, or is missing")
        sides.append(None if nothing else _stripped(header, name, prefix))
    return sides[0], sides[1]


def _compare(
    header: Header,
    line: bytes,
    first: tuple[bytes, bytes] | None,
    sides: tuple[bytes | None, bytes | None] | None,
    old: bytes | None,
    new: bytes | None,
) -> None:
    """Whether all lines of the header mean the same two names."""
    if old is None or new is None:
        return
    expected = (b"a/" + old, b"b/" + new)
    if first != expected and line != b" ".join(expected):
        header.problems.append("its names contradict each other")
        for name, prefix in zip(first or (), (b"a/", b"b/"), strict=False):
            header.names.add(without_prefix(name, prefix) or name)
    if sides is not None and (sides[0] not in (old, None) or sides[1] not in (new, None)):
        header.problems.append("its names contradict each other")
        header.names.update(name for name in sides if name)
    if old != new and header.kind not in ("renamed", "copied"):
        header.problems.append("has two names without being a rename")


def _stripped(header: Header, name: bytes | None, prefix: bytes) -> bytes | None:
    if name is None:
        return None
    stripped = without_prefix(name, prefix)
    if stripped is None:
        header.problems.append(f"a name does not begin with {prefix.decode()}")
        return name
    return stripped


def _name(header: Header, name: bytes | None) -> bytes | None:
    if name is None:
        header.problems.append("a name is quoted in a way that git does not write")
    return name


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("ascii")
