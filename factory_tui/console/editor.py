"""Showing a file in the user's editor or pager.

Owns which program that is. The file is an artifact: a reader is preferred, nothing here needs
writing.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from factory_engine.errors import UsageError


def editor(environment: Mapping[str, str]) -> list[str]:
    """The argv to which the file is added: VISUAL, EDITOR, PAGER, else what there is.

    Raises:
        UsageError: there is none.
    """
    for name in ("VISUAL", "EDITOR", "PAGER"):
        argv = shlex.split(environment.get(name, ""), posix=os.name == "posix")
        if argv and shutil.which(argv[0]):
            return argv
    for program in ("less", "view", "vi", "nano", "notepad"):
        if shutil.which(program):
            return [program]
    raise UsageError("there is no editor", advice="set EDITOR")


def show_in_editor(path: Path, environment: Mapping[str, str]) -> str:
    """Run the editor on this terminal until it is left; what went wrong, empty if nothing did."""
    try:
        code = subprocess.call([*editor(environment), str(path)])
    except UsageError as error:
        return str(error)
    except OSError as error:
        return f"the editor cannot be started: {error.strerror}"
    return f"the editor ended with {code}" if code else ""
