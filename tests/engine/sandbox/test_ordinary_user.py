"""The layers as a user without rights, seen from outside by the same user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import factory_engine

_ROOT = str(Path(factory_engine.__file__).parents[1])
_WHO = ("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "--inh-caps=-all")

_SCRIPT = r"""
import json, os, pathlib, subprocess, sys, time
from factory_engine.sandbox import Confinement, secrets, variables, working, wrap

LINE = '''
id -u; (echo x >"$1/repository/file") 2>/dev/null || echo refused
cat "$1/home/.ssh/id" 2>/dev/null || echo hidden
echo x >new && mktemp >/dev/null && echo written
touch ready; sleep 60
'''

def environment(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []

def carrying(mark):
    pids = [name for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if mark in environment(pid)]

def name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""

def wait(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)

def trial(layer, root):
    tree, home = root / "tree", root / "home"
    for folder in (tree, home / ".ssh", root / "repository", root / "tmp"):
        folder.mkdir(parents=True)
    (home / ".ssh" / "id").write_text("key")
    (root / "repository" / "file").write_text("users")
    confinement = Confinement((tree,), secrets(home), (root,), root / "tmp", network=False)
    mark = f"FACTORY_RUN_ID={root}".encode()
    env = {"PATH": os.environ["PATH"], "FACTORY_RUN_ID": str(root)}
    argv = wrap(("sh", "-c", LINE, "sh", str(root)), confinement, layer, cwd=tree)
    with open(root / "log", "wb") as log:
        program = subprocess.Popen(
            argv, cwd=tree, env={**env, **variables(confinement, layer)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )
    wait(lambda: (tree / "ready").exists() or program.poll() is not None)
    wait(lambda: any(name(pid) == "sleep" for pid in carrying(mark)))
    seen = len(carrying(mark))
    program.kill()
    program.wait()
    wait(lambda: not carrying(mark))
    return {"said": (root / "log").read_text().split(), "seen": seen, "left": len(carrying(mark)),
            "own": layer.own_processes, "file": (root / "repository" / "file").read_text()}

top = pathlib.Path(sys.argv[1])
found = {layer.name: trial(layer, top / layer.name) for layer in working()[:-1]}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Any]]:
    """What the script saw, by layer."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can become another user; the other tests run as an ordinary one")
    interpreters = ("/usr/bin/python3", "/usr/local/bin/python3")
    interpreter = next(filter(_can_run, interpreters), None)
    if not interpreter:
        pytest.skip("no setpriv, or no Python that another user can run with the engine")
    folder = tempfile.mkdtemp(prefix="factory-test-")
    try:
        os.chown(folder, 1234, 1234)
        done = _run(interpreter, _SCRIPT, folder)
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)
    finally:
        shutil.rmtree(folder)


def _run(interpreter: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_WHO, interpreter, "-c", code, *arguments],
        cwd="/",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": _ROOT, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


def _can_run(interpreter: str) -> bool:
    if not shutil.which("setpriv"):
        return False
    code = "import sys, factory_engine.sandbox; assert sys.version_info >= (3, 11)"
    return _run(interpreter, code).returncode == 0


@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
def test_an_ordinary_user_is_confined_and_seen(found: dict[str, Any], name: str) -> None:
    if name not in found:
        pytest.skip(f"{name} does not work here for an ordinary user")
    trial = found[name]
    assert trial["said"] == ["1234", "refused", "hidden", "written"]
    assert trial["file"] == "users"
    # The monitor, the first process inside, the shell and its sleep: all can be found again.
    assert trial["seen"] >= (4 if trial["own"] else 2)
    assert not (trial["left"] and trial["own"])
