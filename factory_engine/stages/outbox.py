"""What a worker left in its outbox, read as the foreign input that it is.

Owns the limits. Whatever does not fit is left out with a warning, never an error: the words of a
worker decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory_engine.artifacts import strict_json
from factory_engine.artifacts.names import HANDOFF, SUGGESTIONS, SUMMARY
from factory_engine.run_folder import RunFolder, Unreadable

MAX_WORDS_BYTES = 262_144
_LISTS = ("decisions", "risks", "next_actions")


@dataclass(frozen=True)
class Outbox:
    """The worker's words; None or empty where it left none that can be taken."""

    summary: bytes = b""
    suggestions: bytes = b""
    handoff: dict[str, Any] | None = None
    warnings: tuple[str, ...] = field(default=())


def read_outbox(folder: Path | None) -> Outbox:
    """Read SUMMARY.md, SUGGESTIONS.md and HANDOFF_NOTE.json below `folder`."""
    if folder is None:
        return Outbox()
    warnings: list[str] = []
    contents = {name: _read(folder, name, warnings) for name in (SUMMARY, SUGGESTIONS, HANDOFF)}
    return Outbox(
        summary=contents[SUMMARY],
        suggestions=contents[SUGGESTIONS],
        handoff=_handoff(contents[HANDOFF], warnings),
        warnings=tuple(warnings),
    )


def _read(folder: Path, name: str, warnings: list[str]) -> bytes:
    try:
        return RunFolder(folder).read(name, MAX_WORDS_BYTES)
    except Unreadable as error:
        if error.kind != "missing":
            warnings.append(f"{name} in the outbox is not taken: {error.message}")
        return b""


def _handoff(data: bytes, warnings: list[str]) -> dict[str, Any] | None:
    """The four fields of a note; what is missing is empty, what has the wrong type refused."""
    if not data:
        return None
    try:
        note = strict_json.parse(data)
    except strict_json.JsonProblem as error:
        warnings.append(f"{HANDOFF} in the outbox is not taken: {error.message}")
        return None
    if not isinstance(note, dict):
        warnings.append(f"{HANDOFF} in the outbox is not taken: no object")
        return None
    fields = {"summary": note.get("summary", "")} | {key: note.get(key, []) for key in _LISTS}
    texts = [fields["summary"]] + [text for key in _LISTS for text in _as_list(fields[key])]
    if any(not isinstance(text, str) for text in texts):
        warnings.append(f"{HANDOFF} in the outbox is not taken: fields are not texts")
        return None
    return fields


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]
