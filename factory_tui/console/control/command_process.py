"""Starting commands as processes of their own, and hearing what became of them.

Owns the processes that this console started: each has its own session, so that it lives on when
the console is left, and its output in a file. The console itself drives no run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import psutil

import factory_tui
from factory_engine.config.paths import APPLICATION
from factory_engine.storage import storage_error
from factory_tui.console.control.command_lines import Command
from factory_tui.console.open_repository import OpenRepository
from factory_tui.text.exit_codes import ANSWERS
from factory_tui.text.foreign import one_line

SEQUENCE = "factory_tui.console.control.command_sequence"
_LOOK_S = 0.1
# on Windows a process of its own group without this console; 0 elsewhere
_DETACHED = sum(
    getattr(subprocess, name, 0) for name in ("DETACHED_PROCESS", "CREATE_NEW_PROCESS_GROUP")
)


@dataclass(frozen=True)
class CommandEnd:
    """How a command ended: its exit code, and the line that it is best known by."""

    code: int
    line: str

    @property
    def failed(self) -> bool:
        """Whether it could not do its part."""
        return self.code not in ANSWERS


class StartedCommand:
    """A command on its way.

    Args:
        process: its process, or that of the relay.
        folder: where its output goes.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._folder = folder

    async def ended(self) -> CommandEnd:
        """Wait for it. The files with its output are gone afterwards."""
        # Popen and not asyncio: the loop kills its children when it ends, these live on
        try:
            while self._process.poll() is None:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)
        except asyncio.CancelledError:
            self.let_go()
            raise
        errors, answers = (_lines(self._folder / name) for name in ("err", "out"))
        for name in ("err", "out"):
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
        with contextlib.suppress(OSError):
            self._folder.rmdir()
        code = self._process.returncode
        said = [line for line in errors if line.startswith("factory: ")]
        if code in ANSWERS and answers:
            return CommandEnd(code, one_line(answers[0]))
        best = said[-1].removeprefix("factory: ") if said else (errors or [f"exit code {code}"])[-1]
        return CommandEnd(code, one_line(best))

    def let_go(self) -> None:
        """Stop caring: the process lives on without this console."""
        self._process.returncode = self._process.returncode or 0


def start(command: Command, repository: OpenRepository) -> StartedCommand:
    """Start a command.

    Raises:
        StorageError: there is no room for its output, or the system starts no process.
    """
    lines = [_argv(step, repository) for step in command.steps]
    argv = lines[0]
    if len(lines) > 1:
        argv = [
            sys.executable,
            "-m",
            "factory_tui.console.control.command_sequence",
            json.dumps(lines),
        ]
    try:
        folder = _output_folder()
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                argv,
                cwd=_package_folder(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=os.name == "posix",
                creationflags=_DETACHED,
            )
    except OSError as error:
        where = Path(error.filename or "")
        raise storage_error(error, where, "the command could not be started") from error
    return StartedCommand(process, folder)


def _argv(step: tuple[str, ...], repository: OpenRepository) -> list[str]:
    words = [sys.executable, "-m", "factory_tui", step[0], "-C", str(repository.start)]
    if repository.config_file is not None:
        words += ["--config", str(repository.config_file)]
    for override in repository.overrides:
        words += ["--set", override]
    return [*words, *step[1:]]


def _output_folder() -> Path:
    """A new folder in the user's cache; those that left consoles did not clean up are removed."""
    home = platformdirs.user_cache_path(APPLICATION, appauthor=False) / "console"
    home.mkdir(parents=True, exist_ok=True)
    for old in home.iterdir():
        with contextlib.suppress(ValueError, psutil.Error):
            if not psutil.pid_exists(int(old.name.partition("-")[0])):
                shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=home))


def _package_folder() -> str:
    """`python -m` looks in its working directory first: this very installation is started."""
    return str(Path(factory_tui.__file__).resolve().parents[1])


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes()[-20_000:].decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()]
