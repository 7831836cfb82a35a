"""Real system calls that kill or fail, by means of strace's fault injection (strace(1), -e inject).

Owns running a piece of work under it. The counts are strace's: by process and by system call, so
that the processes which the work starts, git before all, meet the fault as well.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.doomed import REFUSED, Work

ROOT = Path(__file__).parents[2]
# Those of one line do the same; which of them is there depends on the machine.
CALLS = {
    "write": ("write", "pwrite64", "writev"),
    "fsync": ("fsync", "fdatasync"),
    "rename": ("rename", "renameat", "renameat2"),
    "link": ("link", "linkat"),
    "open": ("open", "openat"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
    "mkdir": ("mkdir", "mkdirat"),
    "truncate": ("truncate", "ftruncate"),
    "copy": ("sendfile", "copy_file_range"),
    "flock": ("flock",),
}
_PROGRAM = f"""
import pickle, sys
from factory_engine.errors import FactoryError
try:
    pickle.loads(bytes.fromhex(sys.argv[1]))(lambda word: print(word, flush=True))
except FactoryError as error:
    print(error, file=sys.stderr)
    sys.exit({REFUSED})
"""
_PATIENCE_S = 90


@dataclass(frozen=True)
class Traced:
    """How it ended.

    Args:
        rc: its exit code; negative for the signal that killed it.
        acknowledged: what it told.
        said: its standard error.
        trace: what strace wrote.
    """

    rc: int
    acknowledged: tuple[str, ...]
    said: str
    trace: str

    @property
    def hit(self) -> bool:
        """Whether the fault came."""
        return "(INJECTED)" in self.trace or "killed by SIGKILL" in self.trace


@cache
def missing() -> str:
    """Why strace cannot be used here; empty if it can."""
    program = shutil.which("strace")
    if sys.platform != "linux" or program is None:
        return "strace is not installed"
    trial = [program, "-f", "-qq", "-o", os.devnull, "-e", "inject=write:error=EIO:when=999"]
    done = subprocess.run([*trial, "true"], capture_output=True, text=True)
    return f"strace does not work here: {done.stderr.strip()}" if done.returncode else ""


def traced(
    work: Work,
    log: Path,
    *,
    kind: str = "",
    fault: str = "",
    when: int = 0,
    paths: Sequence[str] = (),
    environment: Mapping[str, str],
) -> Traced:
    """Do `work` in an interpreter of its own under strace.

    Args:
        work: what is done.
        log: where strace writes.
        kind: the calls that meet the fault, a key of `CALLS`; empty for none.
        fault: as strace has it: `signal=SIGKILL`, `error=ENOSPC`.
        when: which of the calls, from 1.
        paths: only calls on these count.
        environment: the variables of the process.
    """
    names = ",".join(f"?{name}" for name in (CALLS[kind] if kind else sum(CALLS.values(), ())))
    command = ["strace", "-f", "-qq", "-y", "-o", str(log), "-e", f"trace={names}"]
    if kind:
        command += ["-e", f"inject={names}:{fault}:when={when}"]
    for path in paths:
        command += ["-P", path]
    command += [sys.executable, "-c", _PROGRAM, pickle.dumps(work).hex()]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        timeout=_PATIENCE_S,
    )
    trace = log.read_text(errors="replace")
    return Traced(done.returncode, tuple(done.stdout.split()), done.stderr, trace)


def paths_in(trace: str, *tops: Path) -> list[str]:
    """The paths below any of `tops` that a trace names, sorted."""
    named = set(re.findall(r'[<"](/[^<>"]*)[>"]', trace))
    return sorted(name for name in named if any(Path(name).is_relative_to(top) for top in tops))
