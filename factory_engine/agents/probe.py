"""Lets an agent's program say something about itself.

Owns its surroundings while it does: no credentials, a folder that is gone afterwards, a limit of
time, and the end of whatever it started. Never gives it a task.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine.agents.diagnostics import ProbeFolders, Setup
from factory_engine.agents.one_line import one_line
from factory_engine.clock import Clock
from factory_engine.events import Finding
from factory_engine.processes.child import Listener, Talker
from factory_engine.processes.environment import looks_like_credential
from factory_engine.processes.program import Finished, Program
from factory_engine.processes.supervise import run_program
from factory_engine.processes.tree import Marker

LIMIT_S = 20.0
VERSION_LIMIT_S = 10.0
_MARK = "probe"
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")


@dataclass(frozen=True)
class ProbeResult:
    """What a program said.

    Args:
        finished: how it ended.
        out, err: its standard output and error.
    """

    finished: Finished
    out: str
    err: str

    @property
    def well(self) -> bool:
        """It ended by itself, with exit code 0."""
        return self.finished.reason == "exited" and self.finished.rc == 0

    @property
    def problem(self) -> str:
        """How it ended, and its complaint: the first line about an error, else the last line."""
        said = [line for line in (self.err or self.out).splitlines() if line.strip()]
        errors = [line for line in said if "error" in line.lower()]
        words = f": {one_line((errors or said[-1:])[0].encode())}" if said else ""
        return f"{self.finished.detail}{words}"


async def ask(
    setup: Setup,
    argv: Sequence[str],
    *,
    limit_s: float = LIMIT_S,
    credentials: bool = False,
    on_output: Listener | None = None,
    talker: Talker | None = None,
    over: Callable[[], bool] = lambda: False,
    folder: Path | None = None,
) -> ProbeResult:
    """Runs a command of the agent's in the sandbox that its workers will have.

    Args:
        setup: whose command it is.
        argv: the command.
        limit_s: seconds after which it is stopped.
        credentials: whether it gets to see the credentials that its workers will see.
        on_output, talker, over: as for `run_program`.
        folder: where it may write; None for a new one.
    """
    with tempfile.TemporaryDirectory(prefix="factory-probe-") as temporary:
        own = Path(os.path.realpath(temporary))
        place = folder or own / "place"
        cwd = setup.root if _names_files(argv, setup.root) else place
        for path in (place, own / "tmp"):
            path.mkdir(exist_ok=True)
        streams: tuple[list[bytes], list[bytes]] = ([], [])

        def listen(chunk: bytes) -> None:
            streams[0].append(chunk)
            if on_output:
                on_output(chunk)

        confined, variables = setup.confine(tuple(argv), ProbeFolders(cwd, place, own / "tmp"))
        kept = {n: v for n, v in setup.environment.items() if credentials or _is_plain(n)}
        program = Program(
            argv=confined,
            cwd=cwd,
            env={**kept, **variables},
            log=own / "log",
            marker=Marker(_MARK, step=own.name),
            timeout_s=limit_s,
            grace_s=1.0,
            linger_s=0.5,
            separate_stderr=True,
        )
        finished = await run_program(
            program,
            listen,
            clock=Clock(),
            talker=talker,
            on_stderr=streams[1].append,
            over=over,
        )
    out, err = (b"".join(stream).decode("utf-8", "replace") for stream in streams)
    return ProbeResult(finished, out, err)


async def version_findings(setup: Setup, tested: str) -> list[Finding]:
    """The version that `--version` tells, against the one that the driver was tested with."""
    result, program = await asyncio.gather(
        ask(setup, (*setup.argv, "--version"), limit_s=VERSION_LIMIT_S),
        asyncio.to_thread(where, setup),
    )
    if result.finished.reason == "not_started":
        return [Finding("version", "block", result.finished.detail, f"mend {program}")]
    match = _VERSION.search(result.out)
    if not (result.well and match):
        message = f"`{setup.argv[0]} --version` says none: {result.problem}"
        return [Finding("version", "warn", message, f"see what {program} is")]
    version = match[0]
    if _numbers(version) < _numbers(tested):
        message = f"{version}, {program}; older than {tested}, with which it was tested"
        return [Finding("version", "warn", message, "update it")]
    newer = f"; newer than {tested}, with which it was tested" if version != tested else ""
    return [Finding("version", "ok", f"{version}, {program}{newer}")]


def where(setup: Setup) -> Path:
    """The file of the agent's program, or its name where there is none."""
    name = setup.argv[0]
    if os.path.dirname(name):
        return setup.root / name
    return Path(shutil.which(name, path=setup.environment.get("PATH", "")) or name)


def _is_plain(name: str) -> bool:
    return not looks_like_credential(name)


def _names_files(argv: Sequence[str], root: Path) -> bool:
    """Whether a word of `argv` means a file of the repository, so that it has to start there."""
    return any(word and not os.path.isabs(word) and (root / word).is_file() for word in argv)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
