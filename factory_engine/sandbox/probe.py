"""Which layer works here, found out by trying.

Owns the trial: a program that writes where it may, writes where it may not, and reads what is
hidden. A layer counts only if all three come out right, whatever is installed.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from factory_engine.sandbox.confinement import Confinement
from factory_engine.sandbox.landlock import MINIMUM_ABI, kernel_abi
from factory_engine.sandbox.layer import NONE, Layer
from factory_engine.sandbox.wrap import wrap

_PATIENCE_S = 20.0
_SHOWN = 160

_TRIAL = """
echo allowed > "$1/new" || exit 41
if (echo refused > "$2/kept") 2>/dev/null; then exit 42; fi
if cat "$3/secret" 2>/dev/null; then exit 43; fi
exit 40
"""
_OUTCOMES = {
    41: "writing where it is allowed fails",
    42: "writes outside go through",
    43: "hidden files can be read",
}
_SUCCESS = 40


@functools.cache
def probe(secrets: tuple[Path, ...] = ()) -> Layer:
    """The best layer that works here; tried once a process, for some ten milliseconds.

    Starts processes and waits for them: call it in a thread of its own from a running event loop.

    Args:
        secrets: what else is to be hidden; a layer that fails over this machine's own folders
            does not count as one.
    """
    missing: list[str] = []
    for layers in (_bubblewraps(missing), _landlocks(missing)):
        for layer in layers:
            if problem := _problem(layer, secrets):
                missing.append(f"{_name(layer)}: {problem}")
            else:
                return replace(layer, missing=tuple(missing))
    return replace(NONE, missing=tuple(missing))


@functools.cache
def working() -> tuple[Layer, ...]:
    """For each kind of layer the best that works here, `none` last. Waits like `probe`."""
    found = []
    for layers in (_bubblewraps([]), _landlocks([])):
        found += list(itertools.islice((layer for layer in layers if not _problem(layer)), 1))
    return (*found, NONE)


def _bubblewraps(missing: list[str]) -> Iterator[Layer]:
    """Bubblewrap with all namespaces, then with fewer: a container often refuses some."""
    program = shutil.which("bwrap") if sys.platform == "linux" else None
    if not program:
        missing.append("bubblewrap: not installed")
        return
    for processes, network in itertools.product((True, False), repeat=2):
        yield Layer("bubblewrap", program, own_processes=processes, own_network=network)


def _landlocks(missing: list[str]) -> Iterator[Layer]:
    abi = kernel_abi()
    if abi < MINIMUM_ABI:
        has = f"the kernel has ABI {abi}" if abi else "the kernel has none"
        missing.append(f"landlock: {has}, {MINIMUM_ABI} is needed")
        return
    for processes, network in itertools.product((True, False), repeat=2):
        yield Layer("landlock", own_processes=processes, own_network=network, abi=abi)


def _name(layer: Layer) -> str:
    parts = ["own processes"] if layer.own_processes else []
    parts += ["own network"] if layer.own_network else []
    return f"{layer.name} with {' and '.join(parts)}" if parts else layer.name


def _problem(layer: Layer, secrets: tuple[Path, ...] = ()) -> str:
    """Why the layer is of no use; empty if it works."""
    try:
        with tempfile.TemporaryDirectory(prefix="factory-probe-") as folder:
            return _trial(layer, Path(os.path.realpath(folder)), secrets)
    except subprocess.TimeoutExpired:
        return "does not answer"
    except OSError as error:
        return error.strerror or str(error)


def _trial(layer: Layer, folder: Path, secrets: tuple[Path, ...]) -> str:
    inside, outside, hidden, temporary = (folder / name for name in ("in", "out", "hide", "tmp"))
    for path in (inside, outside, hidden, temporary):
        path.mkdir()
    kept = outside / "kept"
    kept.write_text("as it was")
    (hidden / "secret").write_text("secret")
    confinement = Confinement(
        writable=(inside,),
        hidden=(hidden, *secrets),
        readonly=(outside,),
        temporary=temporary,
        network=not layer.own_network,
    )
    argv = ("/bin/sh", "-c", _TRIAL, "sh", str(inside), str(outside), str(hidden))
    done = subprocess.run(
        wrap(argv, confinement, layer, cwd=inside, search=os.defpath),
        cwd=inside,
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        start_new_session=True,
        check=False,
    )
    if done.returncode != _SUCCESS:
        first = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[0]
        said = first.replace(str(folder), "…")[:_SHOWN]
        return _OUTCOMES.get(done.returncode) or said or f"exit {done.returncode}"
    changed = kept.read_text() != "as it was" or not (inside / "new").is_file()
    return _OUTCOMES[42] if changed else ""
