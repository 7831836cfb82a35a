"""Opening a file or folder with what the desktop has for it.

Owns whether there is a desktop at all: in CI, over ssh and without a display there is none, and the
path alone is the answer.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from factory_tui.cli.output import Output
from factory_tui.text.exit_codes import ExitCode

ANSWER_S = 2.0


def open_and_name(path: Path, run_id: str, output: Output) -> ExitCode:
    """Open `path` where something can, and print it in any case."""
    absolute = os.path.abspath(path)
    opened = _open(absolute)
    output.result(absolute)
    output.document(
        {"schema": "factory.path/1", "run_id": run_id, "path": absolute, "opened": opened}
    )
    return ExitCode.PASS


def opener(environment: Mapping[str, str], platform: str = sys.platform) -> list[str]:
    """The program to open things with, as an argv that the path is added to; empty for none.

    `BROWSER` goes first, as in Python's `webbrowser`: containers and remote editors set it to a
    program that opens things where the person sits.
    """
    if environment.get("CI") or environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return []
    named = environment.get("BROWSER", "").split(os.pathsep)[0]
    if named and "%s" not in named:
        argv = shlex.split(named, posix=os.name == "posix")
        if shutil.which(argv[0]):
            return argv
    if platform == "darwin":
        return ["open"]
    if platform != "win32" and (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        program = shutil.which("xdg-open")
        return [program] if program else []
    return []


def _open(path: str) -> bool:
    argv = opener(os.environ)
    try:
        if argv:
            return _started([*argv, path])
        if sys.platform == "win32" and not (os.environ.get("CI") or os.environ.get("SSH_TTY")):
            os.startfile(path)
            return True
    except (OSError, ValueError):
        return False
    return False


def _started(argv: list[str]) -> bool:
    """Whether the program took the path: it says no at once, or is still at work."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=ANSWER_S) == 0
    except subprocess.TimeoutExpired:
        return True
