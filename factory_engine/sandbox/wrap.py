"""Puts a program into a layer: from argv to argv.

Owns what must stay reachable for the program to start at all. Never runs it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from factory_engine.sandbox import bubblewrap, landlock
from factory_engine.sandbox.caches import moved_caches
from factory_engine.sandbox.confinement import SHARED_TEMPORARY, Confinement, lies_in
from factory_engine.sandbox.layer import Layer

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))
_SIGNALS = 64


def wrap(
    argv: Sequence[str],
    confinement: Confinement,
    layer: Layer,
    *,
    cwd: Path | None = None,
    search: str | None = None,
    file_bytes: int | None = None,
) -> tuple[str, ...]:
    """The argv that runs `argv` confined.

    A program that cannot be found is returned as it is: whoever starts it learns that from the
    system, in the usual words.

    Args:
        argv: the program and its arguments.
        confinement: what it may see and change.
        layer: from `choose`; `none` wraps nothing.
        cwd: where it will be started.
        search: the PATH of its environment.
        file_bytes: the largest file that it can write; None for any.
    """
    if layer.name == "none" or not argv or not _is_there(argv[0], cwd, search):
        return tuple(argv)
    limit = () if file_bytes is None else ("file_bytes", str(file_bytes))
    start = (sys.executable, "-I", "-S", _LAUNCHER, *limit)
    if layer.name == "landlock":
        return (*start, *landlock.order(confinement, layer), "--", *argv)
    needed = (sys.prefix, sys.base_prefix, str(Path(__file__).parent))
    exposed = _exposed(confinement, [*argv, *(search or "").split(os.pathsep)], needed)
    seen = replace(confinement, readonly=(*confinement.readonly, *exposed))
    return (*bubblewrap.command(seen, layer, cwd), *start, "--", *argv)


def variables(
    confinement: Confinement, layer: Layer, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment variables that name the program's temporary folder in this layer.

    Args:
        confinement: of the program.
        layer: what confines it.
        environment: what it would find otherwise, if caches are to be moved into that folder.
    """
    if not confinement.temporary:
        return {}
    private = layer.name == "bubblewrap"
    folder = SHARED_TEMPORARY[0] if private else str(confinement.temporary)
    moved = {}
    if environment is not None and layer.name != "none":
        moved = moved_caches(environment, confinement, folder)
    return {**moved, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), folder)}


def plain_rc(rc: int, layer: Layer) -> int:
    """The exit code as it would be without a layer: minus the signal that ended the program.

    Bubblewrap answers 128 and the number, as a shell does; a program that itself ends with such a
    code cannot be told apart, and means the same by it.
    """
    if layer.name == "bubblewrap" and 128 < rc <= 128 + _SIGNALS:
        return 128 - rc
    return rc


def _is_there(program: str, cwd: Path | None, search: str | None) -> bool:
    if os.path.dirname(program):
        return os.access(os.path.join(cwd or "", program), os.X_OK)
    return shutil.which(program, path=search) is not None


def _exposed(
    confinement: Confinement, mentioned: Iterable[str], needed: Iterable[str]
) -> list[Path]:
    """What lies where nothing is seen, and has to be.

    Of the temporary folders that everybody shares, each entry that the command line or PATH leads
    into; and the interpreter with the launcher, wherever they are.
    """
    hidden = [os.path.realpath(path) for path in confinement.hidden]
    shared = SHARED_TEMPORARY if confinement.temporary else ()
    found = []
    for path in (*mentioned, *needed):
        if not os.path.isabs(path) or "\0" in path:
            continue
        real = os.path.realpath(path)
        top = next((folder for folder in shared if lies_in(real, [folder])), None)
        if top is not None and real != top:
            found.append(Path(top, os.path.relpath(real, top).split(os.sep)[0]))
    found += [Path(path) for path in needed if lies_in(os.path.realpath(path), hidden)]
    return found
