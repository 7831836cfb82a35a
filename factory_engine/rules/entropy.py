"""Words that look random: perhaps a credential of a form that nobody knows.

Owns the guess, which is only ever good for a warning.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_MIN_BITS = 4.5  # for each character; the limit that detect-secrets has for base64
_MIN_HEX_BITS = 3.0
_MAX_WORDS = 20  # of one line: a minified file is one line

_QUOTED = re.compile(rb"['\"]([A-Za-z0-9+/_-]{32,200}={0,2})['\"]")
_NAME = re.compile(rb"(?i:secret|token|passw|api_?key|credential)[\w'\"\]]{0,20} ?[:=]{1,2} ?$")
_LONGEST_NAME = 40
_HEX = re.compile(rb"[0-9a-fA-F-]+")
_CLASSES = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"[0-9]"))

_LISTING_NAMES = frozenset(
    (b"go.sum", b"npm-shrinkwrap.json", b"packages.lock.json", b"gradle.lockfile", b"checksums.txt")
)
_LISTING = re.compile(rb"\.(?:lock|lockb|sum|map|svg|sha256|sha512)$|[-.]lock\.|\.min\.")


def is_listing_of_hashes(path: bytes) -> bool:
    """Whether `path` is a lock file, or another kind of file that is full of random words."""
    name = path.rpartition(b"/")[2].lower()
    return name in _LISTING_NAMES or _LISTING.search(name) is not None


def looks_random(data: bytes, start: int, end: int) -> bool:
    """Whether the line `data[start:end]` holds a quoted word of high entropy.

    Plain hexadecimal counts only beside a name that promises a secret: otherwise it is a digest.
    """
    for number, match in enumerate(_QUOTED.finditer(data, start, end)):
        if number == _MAX_WORDS:
            break
        word = match[1]
        if not _HEX.fullmatch(word):
            if all(kind.search(word) for kind in _CLASSES) and _bits(word) > _MIN_BITS:
                return True
        elif _bits(word) > _MIN_HEX_BITS:
            before = data[max(start, match.start() - _LONGEST_NAME) : match.start()]
            if _NAME.search(before):
                return True
    return False


def _bits(word: bytes) -> float:
    """Shannon's entropy for each character."""
    size = len(word)
    return -sum(n / size * math.log2(n / size) for n in Counter(word).values())
