"""The door to the full-screen console.

Owns when it opens: on a terminal that can show it, and for a person. Imports the console only when
it opens; nothing else of the command line does.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from factory_engine.errors import UsageError
from factory_tui.cli.streams import is_terminal, write_out
from factory_tui.cli.targets import config_file, start_of
from factory_tui.text.exit_codes import ExitCode

CONSOLE = "factory_tui.console.app"
_BROWSER = "textual.drivers.web_driver:WebDriver"
_LOOK_S = 1.0
# After a key Textual waits for its next frame; at its usual 60 a second that doubles the time.
_FRAMES_S = "250"


def enter(arguments: argparse.Namespace, otherwise: str) -> int:
    """Open the console for a command line without a command, else print `otherwise`."""
    if not opens(arguments):
        write_out(otherwise)
        return ExitCode.PASS
    start = start_of(arguments)
    return open_console(arguments, start, start / arguments.dir if arguments.dir else None)


def opens(arguments: argparse.Namespace) -> bool:
    """Whether the console is what this command line gets.

    Raises:
        UsageError: `--tui` where the console cannot be shown.
    """
    obstacle = _obstacle(arguments)
    if arguments.tui and obstacle:
        raise UsageError(f"the console cannot be opened: {obstacle}", where="--tui")
    return not obstacle


def open_console(
    arguments: argparse.Namespace, start: Path, folder: Path | None, *, read_only: bool = False
) -> int:
    """Run the console until it is left; the exit code that it gives.

    Args:
        arguments: the parsed command line.
        start: the folder that the commands which it gives start in.
        folder: the run to show; None for the one that `--run-id` names, or to choose one.
        read_only: look at that run, and nothing else.
    """
    if arguments.color == "never":
        os.environ["NO_COLOR"] = "1"  # Textual looks there
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES_S)  # and there, once, when it is imported
    if _is_served():
        Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    gc.disable()  # what is loaded now stays; the console minds garbage once it stands
    console = import_module(CONSOLE)
    code = console.run_console(
        start=start.resolve(),
        run_id=folder.name if folder else arguments.run_id,
        folder=folder.resolve() if folder else None,
        config_file=config_file(arguments),
        overrides=arguments.overrides,
        read_only=read_only,
    )
    return int(code)


def _obstacle(arguments: argparse.Namespace) -> str:
    """Why there is no console; empty where nothing stands in its way."""
    if arguments.no_tui:
        return "--no-tui"
    if arguments.json:
        return "--json is meant for programs"
    if os.environ.get("CI") and not arguments.tui:
        return "CI is set"
    if arguments.tui and _is_served():
        return "" if _exists() else "it is not installed"
    for name, stream in (("input", sys.stdin), ("output", sys.stdout), ("error", sys.stderr)):
        if not is_terminal(stream):
            return f"standard {name} is no terminal"
    if os.environ.get("TERM", "") in ("dumb", "unknown"):
        return "TERM is dumb"
    return "" if _exists() else "it is not installed"


def _is_served() -> bool:
    """Whether textual-serve has started this process: a browser is its terminal, behind pipes."""
    return os.environ.get("TEXTUAL_DRIVER") == _BROWSER


def _end_with(server: int) -> None:
    """End once the process `server` is gone: Textual's driver for browsers does not mind."""
    while os.getppid() == server:
        time.sleep(_LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _exists() -> bool:
    try:
        return find_spec(CONSOLE) is not None
    except ModuleNotFoundError:  # its package is missing
        return False
