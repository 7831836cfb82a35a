"""How a command ends that met a bug of the factory: one line, and the traceback in a file.

Owns that file. Never hides a bug and never shows its traceback unasked.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from factory_engine.config.paths import APPLICATION
from factory_tui.cli import errors
from factory_tui.text.exit_codes import ExitCode


def report(error: BaseException, as_json: bool) -> ExitCode:
    """Keep the traceback of `error`, which is being handled, and say where it is."""
    what = f"internal error: {_described(error)}"
    place = _keep_traceback()
    errors.say(f"{what} (traceback in {place})" if place else what)
    advice = "report it, with that file" if place else "report it"
    errors.document(as_json, ExitCode.FAIL, what, place, advice)
    return ExitCode.FAIL


def _described(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, BaseExceptionGroup):
        return _described(error.exceptions[0])
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _keep_traceback() -> str:
    """Where the traceback lies: in the user's cache folder, else in the temporary one."""
    text = traceback.format_exc().encode("utf-8", "backslashreplace")
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fd, name = tempfile.mkstemp(prefix="crash-", suffix=".txt", dir=folder)
            with os.fdopen(fd, "wb") as file:
                file.write(text)
        except OSError:
            continue
        return name
    return ""


def _folders() -> Iterator[Path]:
    yield platformdirs.user_cache_path(APPLICATION, appauthor=False) / "crashes"
    yield Path(tempfile.gettempdir())
