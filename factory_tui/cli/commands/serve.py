"""`factory serve`: the console of one run in a browser on this machine, to look at only.

Owns which command each tab of the browser runs, and the words about what stands in the way. The
server is `browser_server`'s, imported only here and only when it is needed: it is an extra.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import factory_tui
from factory_engine.errors import UsageError
from factory_tui.cli.arguments import add_location, add_run, whole_number
from factory_tui.cli.output import Output
from factory_tui.cli.targets import run_folder
from factory_tui.text.exit_codes import ExitCode

SERVER = "factory_tui.cli.browser_server"
HOST = "127.0.0.1"
PORT = 8000
_HIGHEST = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and where to listen."""
    add_location(parser)
    add_run(parser)
    parser.add_argument(
        "--port",
        metavar="N",
        type=port,
        default=PORT,
        help=f"the port on {HOST}; 0 takes any that is free (default: {PORT})",
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Print the address, then serve until stopped; being stopped is the way it ends."""
    server = _server()
    output = Output(arguments)
    folder = run_folder(arguments, output)
    with _listening(arguments.port) as listener:
        number = listener.getsockname()[1]
        # whoever may use this machine can reach the port, and so can any page in the browser;
        # only a path that nobody can guess keeps them from reading along
        path = f"/{secrets.token_urlsafe(18)}"
        url = f"http://{HOST}:{number}{path}/"
        output.result(url)
        output.document({"schema": "factory.serve/1", "run_id": folder.run_id, "url": url})
        output.remark("only this machine can open it, and only to look; Ctrl+C ends it")
        _prepare_tabs()
        server.serve(listener, path, command_of_tab(folder.path, arguments.color), folder.run_id)
    return ExitCode.PASS


def port(text: str) -> int:
    """A port number, for argparse."""
    number = whole_number(text)
    if number > _HIGHEST:
        raise argparse.ArgumentTypeError(f"there is no port above {_HIGHEST}")
    return number


def command_of_tab(folder: Path, color: str = "auto") -> str:
    """The command line, for the system's shell, of the console that one tab shows.

    It starts outside of any repository and knows the run by its folder alone.

    Args:
        folder: the run's own folder, absolute.
        color: `never` for no colours.
    """
    argv = [sys.executable, "-m", "factory_tui", "watch", "--tui", "--read-only"]
    argv += ["-C", folder.anchor, "--dir", str(folder)]
    return _joined([*argv, "--no-color"] if color == "never" else argv)


def _joined(argv: Sequence[str]) -> str:
    if os.name == "nt":
        return subprocess.list2cmdline(argv)
    return f"exec {shlex.join(argv)}"  # no shell between: the console sees the server go


def _prepare_tabs() -> None:
    """Set what every tab's process inherits."""
    # `python -m` looks in its working directory first: this very installation is started
    os.chdir(Path(factory_tui.__file__).resolve().parents[1])
    os.environ["PYTHONIOENCODING"] = "utf-8"  # a browser shows every sign, whatever the locale


def _server() -> ModuleType:
    """The server. Raises UsageError where the extra is not installed."""
    try:
        return import_module(SERVER)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("factory_"):
            raise
        raise UsageError(
            f"the browser needs a library that is not installed ({error.name})",
            advice="pip install 'codex-factory[serve]'",
        ) from None


def _listening(number: int) -> socket.socket:
    """A socket that listens on this machine only.

    Raises:
        UsageError: the port cannot be had.
    """
    try:
        return socket.create_server((HOST, number))
    except OSError as error:
        raise UsageError(
            f"the port cannot be had: {error.strerror}",
            where=f"--port {number}",
            advice="name another one, or 0 for any that is free",
        ) from error
