"""`python -m tools.codex.factory`: starts Factory from the top folder of a repository.

Owns the choice of the interpreter: this one, else the repository's `.venv`. Nothing else, and
nothing about this repository: `factory init` puts the same file into others. Written for old
interpreters too, so that they meet a sentence and not a traceback.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODULE = "tools.codex.factory"
RESTARTED = "factory_restarted"  # an -X option: unlike a variable, workers do not inherit it
NO_LIBRARIES = {"-h", "--help", "--version"}


def missing() -> str:
    """What this interpreter lacks for the command at hand; empty when it can run it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one may well be what started this
        return "Python 3.11 or later"
    if find_spec("factory_tui") is None:
        return "the package codex-factory"
    if find_spec("pydantic") is None and not NO_LIBRARIES.intersection(sys.argv[1:]):
        return "the package pydantic"
    return ""


def restart(python: Path) -> int:
    """Run the same command line under `python`; on POSIX this does not return."""
    command = [str(python), "-X", RESTARTED, "-m", MODULE, *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)
    # On Windows exec* gives the prompt back before the new process has ended.
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the child has it too and decides what it means
                continue


def main() -> int:
    """Run Factory; its exit code."""
    lack = missing()
    if not lack:
        from factory_tui.__main__ import main as factory

        sys.argv[0] = f"python -m {MODULE}"  # the name that the usage line shows
        return factory()
    python = ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.is_file() and RESTARTED not in sys._xoptions:
        return restart(python)
    own = (ROOT / "factory_tui").is_dir()
    advice = "make demo" if own else f"{Path(sys.executable).name} -m pip install codex-factory"
    sys.stderr.write(f"factory: {sys.executable} lacks {lack}; run: {advice}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
