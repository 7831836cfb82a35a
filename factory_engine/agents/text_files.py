"""Reading and writing a worker's text files on behalf of its agent.

Owns the rule that both happen in the worker's own folders only. Some agents ask for it although
they were told that it is not offered, and believe that their edit failed if it is refused.
"""

from __future__ import annotations

from pathlib import Path

from factory_engine.agents.places import Places

MOST_BYTES = 10_000_000


class FileRefused(Exception):
    """The file is not the worker's, or the disk refused; the message is for the agent."""


def read_text_file(places: Places, path: str, line: int, limit: int) -> str:
    """The text at `path`, from line `line` on (1 is the first), at most `limit` lines (0 for all).

    Raises:
        FileRefused: it lies elsewhere, is too large, is no text or cannot be read.
    """
    file = _own(places, path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise FileRefused(f"larger than {MOST_BYTES} bytes")
        content = file.read_bytes().decode()
    except OSError as error:
        raise FileRefused(error.strerror or "cannot be read") from error
    except UnicodeDecodeError as error:
        raise FileRefused("no text in UTF-8") from error
    lines = content.splitlines(keepends=True)[max(line - 1, 0) :]
    return "".join(lines[:limit] if limit else lines)


def write_text_file(places: Places, path: str, content: str) -> None:
    """Writes `content` to `path`, making its folders.

    Raises:
        FileRefused: it lies elsewhere, or cannot be written.
    """
    file = _own(places, path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())
    except OSError as error:
        raise FileRefused(error.strerror or "cannot be written") from error
    except UnicodeEncodeError as error:
        raise FileRefused("no text in UTF-8") from error


def _own(places: Places, path: str) -> Path:
    if not path or not places.contain(path):
        raise FileRefused("not in the folders of this worker")
    return places.workspace.joinpath(path).resolve()
