"""Whatever changes a disk goes through `storage.disk`, so that crash tests can stop it there."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import modules

METHODS = {"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "symlink_to"}
FUNCTIONS = {
    *(f"os.{name}" for name in ("rename", "replace", "unlink", "remove", "mkdir", "makedirs")),
    *(
        f"os.{name}"
        for name in ("rmdir", "write", "truncate", "ftruncate", "fsync", "link", "symlink")
    ),
    *(f"shutil.{name}" for name in ("rmtree", "move", "copy", "copy2", "copyfile", "copytree")),
}
# Why a module may: none of it is part of a run that could be gone on with.
EXEMPT = {
    "storage": "the seam itself",
    "agents.probe": "a question of `doctor`, in a temporary folder",
    "agents.codex.diagnostics": "another",
    "agents.own_files": "an agent's own work, done anew when the run goes on",
    "sandbox.launcher": "runs in the child, before the program",
    "sandbox.mounter": "runs in the child, in a mount namespace that ends with it",
    "sandbox.mounting": "a trial in a temporary folder",
    "sandbox.probe": "a trial in a temporary folder",
}


def _called(call: ast.Call) -> str:
    """`os.unlink`, `.unlink` of something else, or nothing of interest."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    owner, name = ast.unparse(call.func.value), call.func.attr
    if f"{owner}.{name}" in FUNCTIONS:
        return f"{owner}.{name}"
    through_seam = owner == "disk" or owner.endswith(".disk")
    return f".{name}" if name in METHODS and not through_seam else ""


def test_the_engine_changes_the_disk_through_the_seam_only() -> None:
    found = [
        f"{module.name}:{node.lineno} {called}"
        for module in modules("factory_engine")
        if module.name.removeprefix("factory_engine.") not in EXEMPT
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and (called := _called(node))
    ]
    assert found == []
