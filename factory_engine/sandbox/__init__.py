"""What keeps a worker or a check inside its folders: the layers of the kernel, probed and wrapped.

Owns the question which layer works on this machine, and the command line that puts a program into
it. Never starts the program itself, never judges what it did, and changes nothing on disk.
"""

from __future__ import annotations

from factory_engine.sandbox.confinement import Confinement, Sandbox, lies_in
from factory_engine.sandbox.hidden import agent_logins, secrets
from factory_engine.sandbox.layer import NONE, Layer, SandboxMissing, choose, describe, warnings
from factory_engine.sandbox.mounting import Mounting, mounting
from factory_engine.sandbox.probe import probe, working
from factory_engine.sandbox.view import Overlaid, Shown, View, other_names
from factory_engine.sandbox.wrap import is_there, plain_rc, variables, wrap

__all__ = [
    "NONE",
    "Confinement",
    "Layer",
    "Mounting",
    "Overlaid",
    "Sandbox",
    "SandboxMissing",
    "Shown",
    "View",
    "agent_logins",
    "choose",
    "describe",
    "is_there",
    "lies_in",
    "mounting",
    "other_names",
    "plain_rc",
    "probe",
    "secrets",
    "variables",
    "warnings",
    "working",
    "wrap",
]
