"""Whether a checkout can be put at a repository's own path here, found out by trying.

Owns the trial: an overlay and a plain folder, each in a mount namespace of its own, in which a
program changes what a worker would change. What the kernel is said to be able to do does not count.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from factory_engine import overlay, storage
from factory_engine.sandbox.confinement import Confinement
from factory_engine.sandbox.layer import NONE
from factory_engine.sandbox.view import View
from factory_engine.sandbox.wrap import wrap

_PATIENCE_S = 60.0  # on a loaded machine; that it does not answer must not be its load
_SHOWN = 160
_TRIAL = """
[ "$(cat file)" = below ] && echo changed > file && rm gone && rm -r folder && mkdir folder \
&& echo new > folder/new && [ ! -e secret ]
"""


@dataclass(frozen=True)
class Mounting:
    """What works here.

    Args:
        mounts: a folder can be put where another one is, for one program alone.
        overlay: it can be an overlay.
        missing: why one of them does not work.
    """

    mounts: bool
    overlay: bool
    missing: tuple[str, ...] = ()


@functools.cache
def mounting(lower: Path, upper: Path) -> Mounting:
    """What works with layers in the folder `lower` and changes in `upper`; tried once a process.

    Starts processes and waits for them: call it in a thread of its own from a running event loop.
    """
    if sys.platform != "linux":
        return Mounting(False, False, ("mount namespaces: only Linux has them",))
    if not (problem := _problem(lower, upper, with_overlay=True)):
        return Mounting(True, True)
    missing = (f"overlay: {problem}",)
    if not (problem := _problem(lower, upper, with_overlay=False)):
        return Mounting(True, False, missing)
    return Mounting(False, False, (*missing, f"mount namespace: {problem}"))


def _problem(lower: Path, upper: Path, *, with_overlay: bool) -> str:
    """Why it is of no use; empty if it works."""
    try:
        for folder in (lower, upper):
            storage.make_folder(folder, durable=False)
        prefix = f"{storage.TEMPORARY_PREFIX}probe-"
        with (
            tempfile.TemporaryDirectory(prefix=prefix, dir=lower) as below,
            tempfile.TemporaryDirectory(prefix=prefix, dir=upper) as above,
        ):
            return _trial(
                Path(os.path.realpath(below)), Path(os.path.realpath(above)), with_overlay
            )
    except subprocess.TimeoutExpired:
        return "does not answer"
    except OSError as error:
        return error.strerror or str(error)


def _trial(below: Path, above: Path, with_overlay: bool) -> str:
    base, at = below / "base", below / "at"
    for folder in (base / "folder", at, above / "upper", above / "scratch"):
        folder.mkdir(parents=True)
    for path in (base / "file", base / "gone", base / "folder" / "old"):
        path.write_text("below\n")
    (at / "secret").write_text("the operator's")
    view = View(at, base)
    if with_overlay:
        view = View(at, above / "upper", (base,), above / "scratch")
        storage.disk.whiteout(above / "upper" / "marked")
    argv = wrap(("/bin/sh", "-c", _TRIAL), Confinement(), NONE, view=view, cwd=at)
    done = subprocess.run(
        argv,
        cwd=at,
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        first = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[0]
        said = first.removeprefix("checkout: ").replace(str(below), "…")[:_SHOWN]
        return said or f"exit {done.returncode}"
    if with_overlay:
        upper = overlay.read_upper(os.fsencode(above / "upper"), 100)
        good = sorted(upper.gone) == [b"gone", b"marked"] and upper.folders.get(b"folder")
        return "" if good else "changes cannot be told"
    return "" if not (base / "gone").exists() else "writes went elsewhere"
