"""A program on a pseudo terminal, with a stopwatch on what it writes there.

Owns both. POSIX only.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.bench.measure import ROOT

PATIENCE_S = 20.0
_ENVIRONMENT = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "COLUMNS": "160",
    "LINES": "45",
    "PYTHONPATH": str(ROOT),
    "PYTHONIOENCODING": "utf-8",
    "TEXTUAL_THEME": "textual-dark",
}
_LEFT_OUT = ("CI", "NO_COLOR", "TEXTUAL_DRIVER", "GITHUB_ACTIONS", "PYTHONDONTWRITEBYTECODE")


class Terminal:
    """What a program writes, and keys for it.

    Args:
        process: the program.
        master: our side of its terminal.
    """

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.pid = process.pid
        self._master = master
        self._seen = b""

    def press(self, keys: str, mark: str = "") -> float:
        """Type; milliseconds until `mark`, or anything where it is empty, was written."""
        self.drain()
        started = time.perf_counter()
        os.write(self._master, keys.encode())
        return self.until(mark, started)

    def until(self, mark: str, started: float) -> float:
        """Milliseconds from `started` until `mark` was written since the last `drain`."""
        wanted = mark.encode()
        while not self._seen or wanted not in self._seen:
            if not self._read(PATIENCE_S):
                raise AssertionError(f"{mark!r} was never written; the end: {self._seen[-2000:]!r}")
        return (time.perf_counter() - started) * 1000

    def drain(self, quiet_s: float = 0.0, longest_s: float = PATIENCE_S) -> None:
        """Forget what was written, once nothing more comes for `quiet_s`."""
        end = time.perf_counter() + longest_s
        while time.perf_counter() < end and self._read(quiet_s):
            pass
        self._seen = b""

    def rest(self, seconds: float) -> None:
        """Read along for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)
            self._seen = b""

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._master], [], [], timeout_s)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 20)
        except OSError:  # the program is gone
            return False
        self._seen += data
        return bool(data)


@contextmanager
def on_terminal(argv: Sequence[str]) -> Iterator[Terminal]:
    """`argv` on a terminal of 160 by 45, without the settings of the person; killed afterwards."""
    master, slave = os.openpty()
    with tempfile.TemporaryDirectory(prefix="factory-bench-home-") as home:
        environment = {**os.environ, **_ENVIRONMENT, "XDG_CONFIG_HOME": home}
        for name in _LEFT_OUT:
            environment.pop(name, None)
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        try:
            yield Terminal(process, master)
        finally:
            process.kill()
            process.wait()
            os.close(master)
