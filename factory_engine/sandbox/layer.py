"""The layers there are, what each can do, and the words for it.

Owns the choice between a wish and what works. Never tries anything out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from factory_engine.errors import FactoryError
from factory_engine.sandbox.confinement import Confinement, Sandbox
from factory_engine.status import Status

TCP_RULES = 4  # the Landlock ABI that knows TCP ports (Linux 6.7)


class SandboxMissing(FactoryError):
    """A sandbox is required and none works here."""

    status = Status.BLOCKED


@dataclass(frozen=True)
class Layer:
    """A way to confine a program on this machine.

    Args:
        name: which one.
        program: the program that does it; empty if none is needed.
        own_processes: a process namespace: what is inside ends together, and sees only itself.
        own_network: a network namespace: without network only its own loopback is left.
        abi: the version of Landlock.
        missing: for each better layer or part of this one, why it does not work here.
    """

    name: Literal["bubblewrap", "landlock", "none"]
    program: str = ""
    own_processes: bool = False
    own_network: bool = False
    abi: int = 0
    missing: tuple[str, ...] = ()


NONE = Layer("none")


def choose(setting: Sandbox, probed: Layer, *, network: bool = True) -> Layer:
    """The layer for a program.

    Args:
        setting: what its configuration asks for.
        probed: what works here.
        network: False if it must not reach the network.

    Raises:
        SandboxMissing: `required`, and the kernel cannot do it.
    """
    if setting in ("off", "self"):
        return NONE
    if setting == "required" and probed.name == "none":
        why = "; ".join(probed.missing) or "this system has none"
        advice = 'install bubblewrap, or set "sandbox" to "auto"'
        raise SandboxMissing(f"no sandbox works here: {why}", advice=advice)
    if setting == "required" and not network and not probed.own_network:
        advice = 'allow the network, or set "sandbox" to "auto"'
        raise SandboxMissing("the network cannot be turned off here", advice=advice)
    return probed


def describe(layer: Layer) -> str:
    """One clause for `doctor`, the ledger and the report; holds no path of this machine."""
    if layer.name == "none":
        why = "; ".join(layer.missing) or "this system has none"
        return f"none works here ({why}): a program can write wherever you can"
    abi = f" ABI {layer.abi}" if layer.name == "landlock" else ""
    parts = ["writes outside are refused"]
    parts += ["own processes"] if layer.own_processes else []
    parts += ["network can be turned off"] if layer.own_network else []
    return f"{layer.name}{abi}: {', '.join(parts)}"


def warnings(setting: Sandbox, layer: Layer, confinement: Confinement) -> tuple[str, ...]:
    """What was asked for and is not in force, each as a clause; empty if all of it is.

    Args:
        setting: what the configuration asks for.
        layer: the answer of `choose`.
        confinement: of the program.
    """
    if setting == "self":
        return ()
    if layer.name == "none":
        why = "turned off" if setting == "off" else "; ".join(layer.missing) or "none works here"
        gaps = [f"no sandbox ({why}): a program could write outside its folders"]
    elif not layer.own_processes:
        gaps = [f"{layer.name} without a process namespace: daemons are searched for instead"]
    else:
        gaps = []
    if not confinement.network and not layer.own_network:
        tcp = layer.name == "landlock" and layer.abi >= TCP_RULES
        gaps.append(
            "the network is off for TCP only, the loopback included; UDP still works"
            if tcp
            else "the network could not be turned off"
        )
    return tuple(gaps)
