"""Situations in which a check could run the operator's own files in place of its checkout's.

Owns the proof that a situation deceives: in an ordinary checkout of the broken tree the check is
green. And the verdict that all of them share: it is red, and the worker who broke it is named.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from factory_engine.runs.drive import Outcome
from factory_engine.sandbox import mounting
from factory_engine.status import Status
from tests.support.factory_runs import (
    Bench,
    codes_of,
    report_of,
    require_agreement,
    verdict_of,
    worker,
)
from tests.support.repositories import git

WORKS = "def total(a, b):\n    return a + b\n"
BROKEN = "def total(a, b):\n    return a - b\n"
USES = "import shop\nassert shop.total(2, 3) == 5, shop.__file__\n"
PYTHON_FILES = {
    "src/shop/__init__.py": WORKS,
    "check.py": USES,
    "docs/guide.md": "guide\n",
    ".gitignore": "/.venv/\n__pycache__/\n/node_modules/\n/target/\n",
}
BREAKS_PYTHON = {"src/shop/__init__.py": BROKEN}
HARMLESS = worker("Path('docs/guide.md').write_text('longer')", ["docs/**"])


@functools.cache
def unmountable() -> str:
    """Why a checkout cannot be put at the repository's own path here; empty if it can."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        found = mounting(place, place)
    return "" if found.mounts else f"nothing can be mounted here: {'; '.join(found.missing)}"


needs_mounts = pytest.mark.skipif(bool(unmountable()), reason=unmountable())


def writing(files: Mapping[str, str | None]) -> dict[str, Any]:
    """A worker that writes these files; None removes one."""
    code = f"for name, text in {dict(files)!r}.items():\n    path = Path(name)\n"
    code += "    if text is None:\n        path.unlink()\n        continue\n"
    code += "    path.parent.mkdir(parents=True, exist_ok=True)\n    path.write_text(text)"
    return worker(code, list(files))


def environment(*first: Path, **variables: str | Path) -> dict[str, str]:
    """The caller's environment with these folders first on the PATH, and these variables."""
    search = os.pathsep.join([*map(str, first), os.environ["PATH"]])
    return {**os.environ, "PATH": search, **{name: str(text) for name, text in variables.items()}}


def new_venv(folder: Path, *lines: str, name: str = "_shop.pth") -> Path:
    """A virtual environment; its site-packages, with the file `name` of `lines` in it."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    if lines:
        (site / name).write_text("".join(f"{line}\n" for line in lines))
    return site


def found(program: str) -> str:
    """The path of a program; the test is skipped if it is not installed."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


async def require_blamed(
    bench: Bench,
    check: Sequence[str],
    broken: Mapping[str, str | None],
    *,
    clone: Path | None = None,
    sandbox: str = "auto",
    **sections: Any,
) -> Outcome:
    """The check is green in an ordinary checkout of what A broke, and in the run it is red, by A.

    Args:
        bench: with its environment.
        check: the argv of the only required check.
        broken: what worker A writes.
        clone: where the ordinary checkout is tried, if not beside the repository.
        sandbox: of the check.
        sections: more of the configuration.
    """
    assert in_plain_checkout(bench, check, broken, clone) == 0
    outcome = await run_with(bench, check, broken, sandbox, **sections)
    require_agreement(outcome, Status.BLOCKED)
    assert codes_of(outcome) == ["CHECK"]
    assert outcome.state.culprits == {"unit": ("A_worker",)}, report_of(outcome)
    assert verdict_of(outcome).isolation == "mount"
    return outcome


async def require_unharmed(
    bench: Bench,
    check: Sequence[str],
    changed: Mapping[str, str | None],
    *,
    clone: Path | None = None,
    sandbox: str = "auto",
) -> Outcome:
    """The reverse: the check is red in an ordinary checkout of what A did, and in the run green."""
    assert in_plain_checkout(bench, check, changed, clone) != 0
    outcome = await run_with(bench, check, changed, sandbox)
    require_agreement(outcome, Status.PASS)
    assert verdict_of(outcome).isolation == "mount"
    return outcome


async def run_with(
    bench: Bench,
    check: Sequence[str],
    changed: Mapping[str, str | None],
    sandbox: str = "auto",
    **sections: Any,
) -> Outcome:
    """A run in which A does this and B something harmless, with one required check."""
    checks = [{"name": "unit", "run": list(check)}]
    bench.configure({"A": writing(changed), "B": HARMLESS}, checks=checks, **sections)
    bench.settings["integrator"]["sandbox"] = sandbox
    return await bench.oneshot()


def in_plain_checkout(
    bench: Bench, check: Sequence[str], changed: Mapping[str, str | None], clone: Path | None
) -> int:
    """What the check answers in an ordinary clone with these changes; it is removed again."""
    folder = clone or bench.root.parent / "a clone"
    git(bench.root, "clone", "--quiet", str(bench.root), str(folder))
    for name, text in changed.items():
        path = folder / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    done = subprocess.run(check, cwd=folder, env=bench.environment, capture_output=True)
    sys.stdout.write(done.stdout.decode() + done.stderr.decode())
    shutil.rmtree(folder)
    return done.returncode
