"""Whether a new name is safe on every system that the repository may be checked out on.

Owns the rules for names. Resolves nothing and never asks the disk: a name is refused by how it is
spelled. Names that base already has are the caller's to spare, by saying how many it knows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from factory_engine.artifacts.violations import Code
from factory_engine.escape import printable
from factory_engine.rules.name_folding import is_git_directory_name

MAX_COMPONENT_BYTES = 255  # NAME_MAX of ext4, APFS, XFS; `git apply --cached` accepts more
MAX_PATH_BYTES = 1024  # PATH_MAX of macOS; Linux has 4096, Windows 260 by default
MAX_DEPTH = 100

_PLAIN = re.compile(rb"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_DRIVE = re.compile(rb"[A-Za-z]:")
_MISREAD = re.compile(r"[:\\]")  # Windows takes them for a drive, a stream or a folder
_UNUSABLE = re.compile(r'[<>"|?*]')  # Windows refuses them, so that nothing can come of them
# C0, DEL, C1; line separators; what changes the direction of text (CVE-2021-42574).
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file, superscript digits included.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE
)


class NameViolation(NamedTuple):
    """What is wrong with a name, whoever gave it."""

    code: Code
    message: str


def name_violations(path: bytes, known: int = 0) -> list[NameViolation]:
    """What is wrong with `path` as the name of a new file.

    Args:
        path: as git has it, components separated by `/`.
        known: how many of its first components base has already. They are spared the NAME_ codes,
            never the PATH_ codes; a path that is known as a whole is spared its length as well.

    Returns:
        each problem once, sorted by code.
    """
    violations: set[NameViolation] = set()
    if path[:1] in (b"/", b"\\") or _DRIVE.match(path):
        violations.add(NameViolation(Code.PATH_ABSOLUTE, "is absolute, or is on one system"))
    components = path.lstrip(b"/").split(b"/")
    for number, component in enumerate(components):
        spared = number < known
        violations.update(
            p for p in _component(component) if not (spared and p.code[:5] == "NAME_")
        )
    if known < len(components):
        if len(path) > MAX_PATH_BYTES:
            violations.add(
                NameViolation(Code.NAME_LENGTH, f"has {len(path)} bytes, over {MAX_PATH_BYTES}")
            )
        if len(components) > MAX_DEPTH:
            violations.add(
                NameViolation(Code.NAME_LENGTH, f"is {len(components)} deep, over {MAX_DEPTH}")
            )
    return sorted(violations)


def as_bytes(path: str) -> bytes:
    """A path of an artifact as git has it.

    A lone surrogate that stands for no byte can come from a JSON escape only; it is kept in a form
    that is no UTF-8, so that `name_violations` refuses it.
    """
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def as_text(path: bytes) -> str:
    """A path of git as artifacts spell it; the inverse of `as_bytes`."""
    return path.decode("utf-8", "surrogateescape")


def parents(path: bytes) -> list[bytes]:
    """The folders above `path`, the outermost first: `a`, `a/b` for `a/b/c`."""
    found = []
    at = path.find(b"/")
    while at >= 0:
        found.append(path[:at])
        at = path.find(b"/", at + 1)
    return found


@lru_cache(maxsize=16384)
def _component(component: bytes) -> tuple[NameViolation, ...]:
    if (
        len(component) < 64
        and _PLAIN.fullmatch(component)
        and not _DEVICE.fullmatch(component.split(b".", 1)[0].decode("ascii"))
    ):
        return ()
    parts = component.split(b"\\")
    violations = []
    # Windows drops dots and spaces at the end, so `.. ` and `...` are steps upwards there.
    steps = component[:1] != b"\\" and any(not part.rstrip(b" .") for part in parts)
    if steps:
        message = f"holds the step '{printable(component, 40)}'"
        violations.append(NameViolation(Code.PATH_TRAVERSAL, message))
    if is_git_directory_name(component):
        spelled = printable(component, 40)
        violations.append(NameViolation(Code.PATH_GITDIR, f"'{spelled}' is .git on some system"))
    if len(component) > MAX_COMPONENT_BYTES:
        message = f"holds a name of {len(component)} bytes, over {MAX_COMPONENT_BYTES}"
        violations.append(NameViolation(Code.NAME_LENGTH, message))
    if component.endswith((b".", b" ")) and not steps:
        message = f"'{printable(component, 40)}' ends in a dot or space, which Windows drops"
        violations.append(NameViolation(Code.NAME_TRAILING, message))
    return (*violations, *_characters(component))


def _characters(component: bytes) -> list[NameViolation]:
    violations = []
    shown = printable(component, 40)
    text = component.decode("utf-8", "surrogateescape")
    try:
        component.decode("utf-8")
    except UnicodeDecodeError:
        violations.append(NameViolation(Code.NAME_ENCODING, f"'{shown}' is no UTF-8"))
    if _CONTROL.search(text):
        violations.append(NameViolation(Code.NAME_CONTROL, f"'{shown}' holds a control character"))
    if match := _MISREAD.search(text):
        message = f"'{shown}' holds {match[0]}, which Windows takes for something else"
        violations.append(NameViolation(Code.NAME_CHARACTER, message))
    if match := _UNUSABLE.search(text):
        message = f"'{shown}' holds {match[0]}, which no file of Windows can"
        violations.append(NameViolation(Code.NAME_UNPORTABLE, message))
    if _DEVICE.fullmatch(text.split(".", 1)[0].split(":", 1)[0].rstrip(" ")):
        violations.append(NameViolation(Code.NAME_DEVICE, f"'{shown}' is a device on Windows"))
    return violations
