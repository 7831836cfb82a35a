"""Runs by the command line, in surroundings that only a process of its own can have.

Owns the private mount namespace around such a run, and the reading of what it left.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.events import Event
from factory_engine.ledger import read_events
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from tests.support.factory_runs import Bench

ROOT = Path(__file__).parents[2]
RUN_ID = "mine"


@dataclass(frozen=True)
class Ended:
    """What a run by the command line left.

    Args:
        rc: the command's exit code.
        said: what it printed.
        folder: a copy of the run's folder.
    """

    rc: int
    said: str
    folder: RunFolder

    @property
    def verdict(self) -> IntegratorStatus:
        """Z's STATUS.json."""
        assert self.folder.exists, self.said
        return IntegratorStatus.from_bytes(self.folder.read("Z_integrator/STATUS.json"))

    @property
    def report(self) -> str:
        """FINAL_REPORT.txt."""
        return self.folder.read("Z_integrator/FINAL_REPORT.txt").decode()

    @property
    def codes(self) -> list[str]:
        """The codes of all errors."""
        return [one.code for one in self.verdict.violations if one.severity == "error"]

    @property
    def culprits(self) -> dict[str, tuple[str, ...]]:
        """Who turned which check red."""
        return dict(replay(self.folder).state.culprits)

    @property
    def started(self) -> list[Event]:
        """The events of workers that started."""
        events = read_events(self.folder.ledger)
        return [event for event in events if event.event_type == "worker.started"]

    def log(self, check: str) -> str:
        """What a check on the merged tree said."""
        return self.folder.read(f"Z_integrator/LOGS/check-{check}.log").decode()


def command_line(bench: Bench, python: str = sys.executable) -> list[str]:
    """The command of a whole run with the bench's configuration."""
    settings = [f"{key}={json.dumps(value)}" for key, value in bench.settings.items()]
    words = [word for setting in settings for word in ("--set", setting)]
    argv = [python, "-m", "factory_tui", "-C", str(bench.root), *words]
    return [*argv, "oneshot", "--run-id", RUN_ID]


def run_in(
    bench: Bench,
    script: str,
    *arguments: Path | str,
    around: Sequence[str] = (),
    python: str = sys.executable,
) -> Ended:
    """Runs the shell text `script`, in which `run` is the whole run.

    Args:
        bench: configured, with its environment.
        script: `$1` and so on are `arguments`, `$R` is the repository.
        arguments: of the script.
        around: the command that starts the shell, such as `unshare -m`.
        python: the interpreter of the factory.
    """
    out = bench.root.parent / "left behind"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    environment: dict[str, Any] = dict(bench.environment or {})
    environment |= {"R": str(bench.root), "OUT": str(out)}
    words = out / "words"
    words.write_bytes(b"".join(word.encode() + b"\0" for word in command_line(bench, python)))
    shutil.chown(out, bench.root.stat().st_uid)
    run = f"""
run() {{
    rc=0
    xargs -0 -a "$OUT/words" env -u R -u OUT || rc=$?
    cp -a "$R/tools/codex/runs/{RUN_ID}" "$OUT/run"
    return $rc
}}
set -e
{script}
"""
    done = subprocess.run(
        [*around, "sh", "-c", run, "sh", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    print(said)
    return Ended(done.returncode, said, RunFolder(out / "run"))


@functools.cache
def no_own_mounts() -> str:
    """Why a test cannot have file systems of its own here; empty if it can."""
    if sys.platform != "linux" or not (program := shutil.which("unshare")):
        return "there is no unshare"
    trial = [program, *own_mounts()[1:], "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]
    done = subprocess.run(trial, capture_output=True, text=True)
    return f"a file system cannot be mounted here: {done.stderr.strip()}" if done.returncode else ""


def own_mounts() -> tuple[str, ...]:
    """The command after which mounts are the test's own."""
    return ("unshare", "-Urm")


needs_own_mounts = pytest.mark.skipif(bool(no_own_mounts()), reason=no_own_mounts())
