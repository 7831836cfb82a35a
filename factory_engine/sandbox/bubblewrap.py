"""The command line of bubblewrap for a confinement.

Owns what the program sees mounted where. Never runs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from factory_engine.sandbox.confinement import (
    SHARED_TEMPORARY,
    Access,
    Confinement,
    rules,
)
from factory_engine.sandbox.layer import Layer
from factory_engine.sandbox.view import View

# An empty file to lay over a hidden one; a device would not open on a mount without devices.
_COVER = str(Path(__file__).with_name("cover"))

# Started by root, bubblewrap leaves every capability to the program, and with CAP_SYS_ADMIN it
# could remount what is read-only. These are enough for installing and testing as root.
_ROOT_KEEPS = (
    *("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL"),
    *("CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID"),
)

# A new /proc belongs to root whatever its capabilities: kernel.core_pattern names a program that
# runs outside. Bubblewrap covers these only if the folder itself can be written, which it cannot.
_KERNELS = tuple(f"/proc/{name}" for name in ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi"))

# Bubblewrap would die of a polite signal that is meant for the program inside, and take the
# program along at once. What is ignored stays so through exec; the launcher undoes it inside.
_DEAF = 'trap "" HUP INT QUIT TERM USR1 USR2; exec "$@"'


def command(
    confinement: Confinement, layer: Layer, cwd: Path | None, view: View | None = None
) -> tuple[str, ...]:
    """The arguments before the program, as far as `--`.

    Args:
        confinement: of the program.
        layer: what of bubblewrap works here.
        cwd: the working directory inside; None for the present one.
        view: what the program finds where; mounted before bubblewrap starts unless it says that
            bubblewrap does it.
    """
    deaf = ("/bin/sh", "-c", _DEAF, "sh")
    namespaces = ["--unshare-ipc"]
    namespaces += ["--unshare-pid"] if layer.own_processes else []
    namespaces += ["--unshare-net"] if layer.own_network and not confinement.network else []
    folder = ("--chdir", os.path.realpath(cwd)) if cwd else ()
    return (
        *(*deaf, layer.program, "--die-with-parent", *namespaces, *_capabilities()),
        *("--ro-bind", "/", "/", "--dev", "/dev"),
        *(_own_proc() if layer.own_processes else ()),
        *_mounts(confinement, view),
        *folder,
        "--",
    )


def _capabilities() -> Iterator[str]:
    if os.getuid() != 0:
        return
    yield from ("--cap-drop", "ALL")
    for name in _ROOT_KEEPS:
        yield from ("--cap-add", name)


def _own_proc() -> Iterator[str]:
    yield from ("--proc", "/proc")
    for path in _KERNELS if os.getuid() == 0 else ():
        yield from ("--ro-bind-try", path, path)


def _mounts(confinement: Confinement, view: View | None) -> Iterator[str]:
    closed = []
    sources = {}
    if view is not None and view.by_bubblewrap:
        sources = {str(view.at): str(view.top)}
        sources |= {str(one.target): str(one.source) for one in view.shown}
    if confinement.temporary:
        private = os.path.realpath(confinement.temporary)
        for shared in SHARED_TEMPORARY:
            if os.path.isdir(shared) and not os.path.islink(shared):
                yield from ("--bind", sources.get(private, private), shared)
    for rule in rules(confinement):
        if rule.access is Access.HIDDEN:
            if os.path.isdir(rule.path):
                yield from ("--tmpfs", rule.path)
                closed.append(rule.path)
            elif os.path.exists(rule.path):
                yield from ("--ro-bind", _COVER, rule.path)
        else:
            how = "--bind-try" if rule.access is Access.WRITE else "--ro-bind-try"
            yield from (how, sources.get(rule.path, rule.path), rule.path)
    for one in view.shown if view is not None and view.by_bubblewrap else ():
        how = "--bind" if one.writable else "--ro-bind"
        yield from (how, str(one.source), str(one.target))
    for path in closed:  # last: the mounts above need folders to stand on
        yield from ("--remount-ro", path)
