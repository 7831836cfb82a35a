"""The words by which violations are known, and how a violation is made.

Owns the stable list that `docs/violations.md` explains, and the one way to build and order
violations. Knows no rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from factory_engine.artifacts.integrator import Violation

Severity = Literal["error", "warning"]


class Code(StrEnum):
    """One word for each thing that can be wrong. A word is never renamed or given another sense."""

    # The files of a bundle
    ARTIFACT_MISSING = "ARTIFACT_MISSING"
    ARTIFACT_TYPE = "ARTIFACT_TYPE"
    ARTIFACT_SIZE = "ARTIFACT_SIZE"
    ARTIFACT_UNREADABLE = "ARTIFACT_UNREADABLE"
    JSON_ENCODING = "JSON_ENCODING"
    JSON_LIMIT = "JSON_LIMIT"
    JSON_STRICT = "JSON_STRICT"
    SCHEMA = "SCHEMA"
    ID_MISMATCH = "ID_MISMATCH"
    LOG_INDEX = "LOG_INDEX"
    # The patch, and what is said about it
    PATCH_FORMAT = "PATCH_FORMAT"
    PATCH_LIMIT = "PATCH_LIMIT"
    PATCH_BASE = "PATCH_BASE"
    PATCH_OFFSET = "PATCH_OFFSET"
    HIDDEN = "HIDDEN"
    CLAIM_MISMATCH = "CLAIM_MISMATCH"
    # The scope
    SCOPE = "SCOPE"
    LOCK_MISMATCH = "LOCK_MISMATCH"
    PATTERN = "PATTERN"
    # Names
    PATH_ABSOLUTE = "PATH_ABSOLUTE"
    PATH_TRAVERSAL = "PATH_TRAVERSAL"
    PATH_GITDIR = "PATH_GITDIR"
    PATH_SYMLINK = "PATH_SYMLINK"
    NAME_CHARACTER = "NAME_CHARACTER"
    NAME_COLLISION = "NAME_COLLISION"
    NAME_CONTROL = "NAME_CONTROL"
    NAME_DEVICE = "NAME_DEVICE"
    NAME_ENCODING = "NAME_ENCODING"
    NAME_LENGTH = "NAME_LENGTH"
    NAME_TRAILING = "NAME_TRAILING"
    NAME_UNPORTABLE = "NAME_UNPORTABLE"
    # Policy
    PROTECTED = "PROTECTED"
    SYMLINK = "SYMLINK"
    SYMLINK_ESCAPE = "SYMLINK_ESCAPE"
    GITLINK = "GITLINK"
    GITMODULES = "GITMODULES"
    ATTRIBUTES = "ATTRIBUTES"
    MODE = "MODE"
    BINARY = "BINARY"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_FILES = "TOO_MANY_FILES"
    SECRET = "SECRET"
    SECRET_ENTROPY = "SECRET_ENTROPY"
    # Workers, checks, the run; most of these come from the stages
    WORKER = "WORKER"
    CHECK = "CHECK"
    CHECK_INPUT = "CHECK_INPUT"
    BASELINE = "BASELINE"
    ENVIRONMENT = "ENVIRONMENT"
    PREPARE = "PREPARE"
    OVERLAP = "OVERLAP"
    CONFLICT = "CONFLICT"
    COLLECT = "COLLECT"
    PREFLIGHT = "PREFLIGHT"
    Z_WRITE = "Z_WRITE"
    TAMPERED = "TAMPERED"
    CANCELLED = "CANCELLED"


def violation(
    code: str,
    message: str,
    *,
    worker_id: str = "",
    path: bytes | str = b"",
    severity: Severity = "error",
) -> Violation:
    """A violation with its path as artifacts spell it: UTF-8 with surrogate escapes (PEP 383)."""
    text = path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else path
    return Violation(
        code=str(code), severity=severity, worker_id=worker_id, path=text, message=message
    )


def ordered(violations: Iterable[Violation]) -> list[Violation]:
    """Sorted by `Violation.sort_key`, each once: the form in which every rule answers."""
    by_key = {item.sort_key(): item for item in violations}
    return [by_key[key] for key in sorted(by_key)]
