"""Puts a program into a view and a layer: from argv to argv.

Owns what must stay reachable for the program to start at all. Never runs it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from factory_engine.sandbox import bubblewrap, landlock
from factory_engine.sandbox.caches import moved_caches
from factory_engine.sandbox.confinement import SHARED_TEMPORARY, Confinement, lies_in
from factory_engine.sandbox.layer import Layer
from factory_engine.sandbox.view import LAUNCHER_FD, Shown, View

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))
_MOUNTER = str(Path(__file__).with_name("mounter.py"))
# Inside of a view there is no virtual environment of the repository's; this one needs none.
_INTERPRETER = os.path.realpath(sys.executable)
_SIGNALS = 64


def wrap(
    argv: Sequence[str],
    confinement: Confinement,
    layer: Layer,
    *,
    view: View | None = None,
    cwd: Path | None = None,
    search: str | None = None,
    file_bytes: int | None = None,
) -> tuple[str, ...]:
    """The argv that runs `argv` confined.

    Without a view, a program that cannot be found is returned as it is: whoever starts it learns
    that from the system, in the usual words. With one, ask `is_there` before.

    Args:
        argv: the program and its arguments.
        confinement: what it may see and change.
        layer: from `choose`; `none` confines nothing.
        view: what it finds where; None for the machine as it is.
        cwd: where it will be started.
        search: the PATH of its environment.
        file_bytes: the largest file that it can write; None for any.
    """
    plain = layer.name == "none" and view is None
    if plain or not argv or (view is None and not is_there(argv[0], cwd, search)):
        return tuple(argv)
    limit = () if file_bytes is None else ("file_bytes", str(file_bytes))
    start = (*_launcher(view), *limit)
    if layer.name == "none":
        inner = (*start, "--", *argv)
    elif layer.name == "landlock":
        inner = (*start, *landlock.order(confinement, layer), "--", *argv)
    else:
        exposed = _exposed(confinement, [*argv, *(search or "").split(os.pathsep)], _needed())
        seen = replace(confinement, readonly=(*confinement.readonly, *exposed))
        inner = (*bubblewrap.command(seen, layer, cwd, view), *start, "--", *argv)
    if view is None or view.by_bubblewrap:
        return inner
    view = replace(view, shown=(*view.shown, *_shown(view, _needed())))
    # `-B`: where it is installed in the repository itself, a compiled file would be a change of it
    return (sys.executable, "-I", "-S", "-B", _MOUNTER, *view.order(cwd or view.at), "--", *inner)


def _launcher(view: View | None) -> tuple[str, ...]:
    if view is None or view.by_bubblewrap:
        return (sys.executable, "-I", "-S", _LAUNCHER)
    return (_INTERPRETER, "-I", "-S", f"/proc/self/fd/{LAUNCHER_FD}")


def _needed() -> tuple[str, ...]:
    """What the launcher cannot start without, wherever it lies."""
    in_prefix = lies_in(_INTERPRETER, [os.path.realpath(sys.prefix)])
    return (*([sys.prefix] if in_prefix else ()), sys.base_prefix, str(Path(__file__).parent))


def _shown(view: View, needed: Iterable[str]) -> Iterator[Shown]:
    """Those of `needed` that the checkout or something hidden would cover."""
    covered = [str(view.at), *map(str, view.hidden)]
    for path in needed:
        real = os.path.realpath(path)
        if lies_in(real, covered) and path != str(Path(__file__).parent):
            yield Shown(Path(real), Path(real))


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


def is_there(program: str, cwd: Path | None, search: str | None, view: View | None = None) -> bool:
    """Whether a program can be started by this name.

    Args:
        program: its name, or a path.
        cwd: what a relative path starts from.
        search: the PATH of its environment.
        view: what is found where; None for the machine as it is.
    """
    if view is not None:
        folders = [""] if os.path.dirname(program) else (search or os.defpath).split(os.pathsep)
        return any(_runs(view, (cwd or view.at) / folder / program) for folder in folders)
    if os.path.dirname(program):
        return os.access(os.path.join(cwd or "", program), os.X_OK)
    return shutil.which(program, path=search) is not None


def _runs(view: View, path: Path) -> bool:
    """Whether the program finds something to run at `path`; of a link, its end may be elsewhere."""
    found = view.locate(Path(os.path.normpath(path)))
    if found is None:
        return False
    if found.is_symlink():
        return True  # the system will tell
    return found.is_file() and os.access(found, os.X_OK)


def _exposed(
    confinement: Confinement, mentioned: Iterable[str], needed: Iterable[str]
) -> list[Path]:
    """What the program must find although the folder around it is hidden.

    Of the temporary folders that everybody shares, each entry that the command line or PATH leads
    into; and the interpreter with the launcher, wherever they are.
    """
    hidden = [os.path.realpath(path) for path in confinement.hidden]
    shared = SHARED_TEMPORARY if confinement.temporary else ()
    exposed = []
    for path in (*mentioned, *needed):
        if not os.path.isabs(path) or "\0" in path:
            continue
        real = os.path.realpath(path)
        top = next((folder for folder in shared if lies_in(real, [folder])), None)
        if top is not None and real != top:
            exposed.append(Path(top, os.path.relpath(real, top).split(os.sep)[0]))
    exposed += [Path(path) for path in needed if lies_in(os.path.realpath(path), hidden)]
    return exposed
