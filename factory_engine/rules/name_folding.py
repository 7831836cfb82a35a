"""Names that some system takes for another name: the many spellings of `.git` and its files.

Owns the answer to "which special name is this?". Never says whether it may be there.

A repository is judged for every system, not for this one, because the system that checks it out
decides (CVE-2014-9390, CVE-2019-1352, CVE-2019-1353, CVE-2021-21300). This is wider than git's own
`is_hfs_dotgit` and `is_ntfs_dotgit`: refusing a strange name that is harmless costs nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Default_Ignorable_Code_Point of Unicode 15: characters of no width, what HFS+ leaves out when it
# compares names (Apple TN1150) among them.
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Up to six letters, a tilde, a number: the short names that NTFS makes for DOS. The forms with
# four hex digits are what it falls back to; git lists them in path.c.
_SHORT_NAMES = (
    (".git", re.compile(r"git~\d+")),
    (".gitmodules", re.compile(r"(?:gitmod|gi7eba)~\d+")),
    (".gitattributes", re.compile(r"(?:gitatt|gi7d29)~\d+")),
)
_SEPARATORS = re.compile(rb"[/\\]")


@lru_cache(maxsize=16384)
def special_name(component: bytes) -> str:
    """`.git`, `.gitmodules` or `.gitattributes` if `component` may be taken for it, else empty."""
    if component.isascii() and b"git" not in component.lower() and b"~" not in component:
        return ""
    name = fold_component(component)
    for special, short in _SHORT_NAMES:
        if name == special or short.fullmatch(name):
            return special
    return ""


@lru_cache(maxsize=16384)
def fold_component(component: bytes) -> str:
    """The name that the most careless system would see.

    Without characters that HFS+ ignores, in compatibility form and lower case, without a stream
    (`name:stream`) and without dots and spaces at the end, both of which NTFS drops.
    """
    text = _IGNORED.sub("", component.decode("utf-8", "surrogateescape"))
    # A dotless i becomes an i in upper case only, a dotted one only in lower case.
    text = unicodedata.normalize("NFKC", text).upper().casefold()
    text = _IGNORED.sub("", text).replace("i\u0307", "i")
    return text.partition(":")[0].rstrip(". ")


def is_git_directory_name(component: bytes) -> bool:
    """Whether some system takes `component`, or a part of it between backslashes, for `.git`."""
    return any(special_name(part) == ".git" for part in _SEPARATORS.split(component))


def fold_path(path: bytes) -> bytes:
    """`path` so that two paths are equal when no eye, or some system, tells them apart.

    They differ by case, normalisation or characters without width only.

    Canonical caseless matching of The Unicode Standard, section 3.13, in composed form.
    """
    if path.isascii():
        return path.lower()
    text = _IGNORED.sub("", path.decode("utf-8", "surrogateescape"))
    text = unicodedata.normalize("NFC", text).casefold()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")
