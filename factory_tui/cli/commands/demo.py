"""`factory demo`: a sample repository, and a real run of four real programs on it.

Owns where the sample lies and what is said about it. The run is an ordinary `oneshot`; no agent and
no account is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from factory_engine.config.paths import RUNS_DIR
from factory_engine.errors import UsageError
from factory_engine.run_folder import RunFolder
from factory_engine.runs.control import remove_workspaces
from factory_engine.runs.listing import run_line
from factory_engine.status import Status
from factory_tui.cli import console_launcher, errors
from factory_tui.cli.arguments import add_tui, command_parser, one_of
from factory_tui.cli.commands import oneshot
from factory_tui.cli.driving import run_until_signal
from factory_tui.cli.output import Output
from factory_tui.cli.sample_repository import CASES, make_sample
from factory_tui.text.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which case, and where."""
    parser.add_argument(
        "--case",
        type=one_of("case", CASES),
        default="pass",
        metavar="CASE",
        help=f"{', '.join(CASES)}: what becomes of the run (default: pass)",
    )
    parser.add_argument("--folder", metavar="DIR", type=Path, help="make the sample in this folder")
    parser.add_argument(
        "--keep",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the sample afterwards, to look around in it (default), or remove it",
    )
    add_tui(parser)


def execute(arguments: argparse.Namespace) -> ExitCode | int:
    """Make the sample, run, and say where it is; the exit code is the verdict's."""
    output = Output(arguments)
    opens = console_launcher.opens(arguments)
    with _sample_folder(arguments) as folder, _workspaces() as workspaces:
        python = Path(sys.executable).name
        driven = run_until_signal(lambda: make_sample(folder, arguments.case, python))
        if driven.stopped_by:
            return errors.interrupted(output.json, driven.stopped_by)
        output.remark(f"sample repository in {folder}, case {arguments.case}")
        run = _oneshot_arguments(arguments, folder, workspaces)
        code = _in_the_console(run, folder) if opens else oneshot.execute(run, _environment())
    if arguments.keep:
        output.remark(f"look around: factory -C {folder} print-report")
    return code


def _oneshot_arguments(
    arguments: argparse.Namespace, folder: Path, workspaces: Path
) -> argparse.Namespace:
    """What `factory -C FOLDER oneshot` would have parsed, with the demo's own output options."""
    words = ["-C", str(folder), "--set", f"paths.workspaces_dir={workspaces}"]
    run = command_parser("factory", "oneshot").parse_all(words)
    for name in ("json", "quiet", "color"):
        setattr(run, name, getattr(arguments, name))
    return run


def _in_the_console(run: argparse.Namespace, folder: Path) -> int:
    """The same as a process of its own, with the console to look at it; left, it stops the run."""
    run_id = "demo"
    argv = [sys.executable, "-m", "factory_tui", "oneshot", "--run-id", run_id, "--quiet"]
    argv += [word for setting in run.overrides for word in ("--set", setting)]
    with subprocess.Popen(
        argv,
        cwd=folder,
        env={**_environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            place = RunFolder(folder / RUNS_DIR / run_id)
            while not place.exists and process.poll() is None:
                time.sleep(0.02)
            console_launcher.open_console(run, folder, place.path)
        finally:
            if process.poll() is None and run_line(place).status == Status.PENDING:
                process.terminate()
        code = process.wait()
        return code if code >= 0 else 128 - code  # as a shell counts signals


@contextlib.contextmanager
def _sample_folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """An empty folder for the sample, removed afterwards unless it is to be kept."""
    folder: Path | None = arguments.folder
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="factory-demo-"))
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("is not an empty folder", where=f"--folder {folder}")
    folder = Path(os.path.realpath(folder))
    try:
        yield folder
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _workspaces() -> Iterator[Path]:
    """A folder for the workspaces, as nobody will run in this repository often."""
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="factory-demo-workspaces-")))
    try:
        yield folder
    finally:
        remove_workspaces(folder)


def _environment() -> dict[str, str]:
    """This process' environment, with this Python the first to be found by its name.

    So no absolute path stands in the configuration, and none in the run's artifacts.
    """
    path = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), os.environ.get("PATH")]))
    return {**os.environ, "PATH": path}
