"""What is to be run, and how it ended.

Owns the words in which an end is told. Never starts anything.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from factory_engine.processes.log_file import LogSummary
from factory_engine.processes.tree import KILL, TERM, Marker

Reason = Literal["exited", "timeout", "cancelled", "not_started", "limit"]

# What a shell answers for a program that is not there or cannot be run (POSIX, 2.8.2).
NOT_FOUND = 127
NOT_EXECUTABLE = 126


@dataclass(frozen=True)
class Limits:
    """How much a program and all that it starts may take.

    Args:
        file_bytes: the largest file that it can write: the kernel's RLIMIT_FSIZE. Linux only.
        disk_bytes: how much may lie in `folders`. Looked at now and then, as is the next.
        folders: the folders that are its own.
        processes: how many it may have at once. Not RLIMIT_NPROC, which counts all processes of
            the user, the operator's too, and does not bind root.
    """

    file_bytes: int | None = None
    disk_bytes: int | None = None
    folders: tuple[Path, ...] = ()
    processes: int | None = None


@dataclass(frozen=True)
class Program:
    """A program to run under supervision.

    Args:
        argv: the program and its arguments; no shell is involved.
        cwd: its working directory.
        env: its whole environment; the marker's variables are added.
        log: the file that takes its output.
        marker: the mark of its processes.
        workspace: the folder where daemons without a mark may be its own; None if there is none
            that belongs to it alone.
        stdin: what it can read on standard input; None for nothing.
        timeout_s: seconds until it is stopped; None for no limit.
        grace_s: seconds between being asked to stop and being killed.
        linger_s: seconds that it gets to exit once it has said all that it was started for.
        stop_signals: how it is asked to stop, in this order; KILL comes last anyway.
        head_bytes, tail_bytes: how much of the output the log keeps.
        separate_stderr: standard error goes to the log only and is not mixed into the stream that
            a driver parses.
        limits: how much it may take.
        mounts: the name of what is mounted for it alone; empty if nothing is.
        obstacle: why it cannot be started, where that is known before; empty otherwise.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    log: Path
    marker: Marker
    workspace: Path | None = None
    stdin: bytes | None = None
    timeout_s: float | None = None
    grace_s: float = 10.0
    linger_s: float = 10.0
    stop_signals: tuple[int, ...] = (TERM, KILL)
    head_bytes: int = 1_000_000
    tail_bytes: int = 1_000_000
    separate_stderr: bool = False
    limits: Limits = field(default_factory=Limits)
    mounts: str = ""
    obstacle: str = ""


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    Args:
        reason: it ended by itself, ran out of time, was stopped on request, never started, or took
            more than its limits allow.
        rc: its exit code, minus the signal's number if a signal ended it; 127 or 126 if it was
            not started.
        detail: the same in words.
        duration_ms: how long it and its ending took; 0 with a clock that stands still.
        left_behind: processes that were still there when it had ended, and had to be ended.
        needed_kill: something of it outlived the polite signals.
        survivors: processes that could not be ended at all.
        log: what went through its log.
    """

    reason: Reason
    rc: int
    detail: str
    duration_ms: int = 0
    left_behind: int = 0
    needed_kill: bool = False
    survivors: int = 0
    log: LogSummary = field(default_factory=LogSummary)


def exit_in_words(rc: int) -> str:
    """`exit 3`, or `killed by signal 9 (KILL)` for -9."""
    if rc >= 0:
        return f"exit {rc}"
    try:
        name = f" ({signal.Signals(-rc).name.removeprefix('SIG')})"
    except ValueError:
        name = ""
    return f"killed by signal {-rc}{name}"


def end_in_words(program: Program, reason: Reason, rc: int, *, needed_kill: bool) -> str:
    """One sentence part about how a started program ended."""
    if reason == "exited":
        return exit_in_words(rc)
    timeout = f"{program.timeout_s:g} s" if program.timeout_s is not None else "its time"
    told = "stopped on request" if reason == "cancelled" else f"no end within {timeout}: stopped"
    late = f"; did not stop in {program.grace_s:g} s: killed" if needed_kill else ""
    return told + late


def not_started(program: Program, problem: Exception, log: LogSummary) -> Finished:
    """The end of a program that could not be started, with the reason in words."""
    if program.obstacle:
        return Finished("not_started", NOT_FOUND, program.obstacle, log=log)
    missing = isinstance(problem, FileNotFoundError) or _nowhere(program)
    rc = NOT_FOUND if missing else NOT_EXECUTABLE
    return Finished("not_started", rc, _why_not(program, problem), log=log)


def _why_not(program: Program, problem: Exception) -> str:
    name = program.argv[0] if program.argv else ""
    if not name:
        return "no program is named"
    if not program.cwd.is_dir():
        return f"working directory not found: {program.cwd.name}"
    if not isinstance(problem, OSError):
        return f"{name}: cannot be started: {problem}"
    if problem.filename == str(program.cwd):
        return f"working directory cannot be entered: {program.cwd.name}"
    if isinstance(problem, FileNotFoundError):
        if (program.cwd / name).is_file():
            return f"the interpreter named in the first line of {name} is not there"
        return f"program not found: {name}"
    if _nowhere(program):
        return f"program not found: {name}"
    if isinstance(problem, PermissionError):
        return f"not executable: {name}"
    return f"{name}: cannot be started: {problem.strerror or problem}"


def _nowhere(program: Program) -> bool:
    """True if no folder of PATH has it; a folder that cannot be searched hides that from exec."""
    name = program.argv[0] if program.argv else ""
    if not name or Path(name).name != name:
        return False
    return shutil.which(name, os.F_OK, program.env.get("PATH")) is None
