"""The command line of the launcher for a confinement by Landlock.

Owns what is handed to the launcher; the launcher owns the rest. Never runs it.
"""

from __future__ import annotations

import ctypes
import sys
from itertools import chain

from factory_engine.sandbox.confinement import Access, Confinement, rules
from factory_engine.sandbox.layer import Layer

MINIMUM_ABI = 3
"""Before it, truncate(2) reaches outside files (Linux 6.2, landlock(7))."""

_CREATE_RULESET = 444
_VERSION = 1


def kernel_abi() -> int:
    """The version of Landlock in this kernel; 0 if there is none or it is turned off."""
    if sys.platform != "linux":
        return 0
    try:
        return max(0, int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _VERSION)))
    except (OSError, AttributeError):
        return 0


def order(confinement: Confinement, layer: Layer) -> tuple[str, ...]:
    """The launcher's arguments before `--`: what it is to put in force."""
    keys = {Access.HIDDEN: "hide", Access.READ: "read", Access.WRITE: "write"}
    named = [(keys[rule.access], rule.path) for rule in rules(confinement)]
    own = [("own", "processes")] if layer.own_processes else []
    own += [("own", "network")] if layer.own_network else []
    network = [] if confinement.network else [("network", "off")]
    return tuple(chain(("abi", str(layer.abi)), *own, *network, *named))
