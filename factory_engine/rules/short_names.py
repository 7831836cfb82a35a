"""Short names that Windows gives to long ones (8.3): two names of a folder that are one file there.

Owns the answer to "may this be the short form of that?". Which short form a file really gets
depends on what was there before it, so every form that one may get counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

# A stem of eight letters at most that ends in a tilde and a number, and an ending of three.
_SHORT = re.compile(r"(?=[^.]{1,8}(?:\.|$))([^~.]{1,6})~([0-9]{1,6})(?:\.([^.]{1,3}))?")
_HASHED = re.compile(r"[0-9A-F]{4}")
_LEFT_OUT = str.maketrans("", "", " .")
_REPLACED = str.maketrans("+,;=[]", "______")


@lru_cache(maxsize=16384)
def is_short(name: bytes) -> bool:
    """Whether `name`, of one file or folder, has the form of a short name."""
    return b"~" in name and _SHORT.fullmatch(_upper(name)) is not None


def long_names(short: bytes, names: Iterable[bytes]) -> list[bytes]:
    """Those of `names`, of one folder, that may have `short` for their short form."""
    found = _SHORT.fullmatch(_upper(short))
    if found is None:
        return []
    stem, number, ending = found[1], found[2], found[3] or ""
    return [name for name in names if name != short and _may_be(name, stem, number, ending)]


def by_folder(paths: Iterable[bytes]) -> Mapping[bytes, set[bytes]]:
    """The names in each folder, files and folders, of a tree with these files."""
    names: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for path in paths:
        while path:
            folder, _, name = path.rpartition(b"/")
            if name in names[folder]:
                break
            names[folder].add(name)
            path = folder
    return names


def _may_be(name: bytes, stem: str, number: str, ending: str) -> bool:
    text = _upper(name)
    body, dot, last = text.lstrip(".").rpartition(".")
    if not dot:
        body, last = text.lstrip("."), ""
    if len(body) <= 8 and len(last) <= 3 and not text.startswith(".") and " " not in text:
        return False  # it is as short as it can be, and has no other name
    if last[:3] != ending:
        return False
    basis = body.translate(_LEFT_OUT).translate(_REPLACED)
    if stem == basis[: min(6, 7 - len(number))]:
        return True
    return stem[:2] == basis[:2] and _HASHED.fullmatch(stem[2:]) is not None


def _upper(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape").upper()
