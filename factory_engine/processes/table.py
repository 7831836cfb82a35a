"""One look at the processes of this machine.

Owns every question about a process that is not ours: parent, session, environment, folder. Never
sends a signal. A process that ends while it is asked about is simply not there.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

Table = Mapping[int, "Row"]

_LISTINGS = 10
_FIRST_PTS, _LAST_PTS = 136, 143  # majors of pseudo-terminals


@dataclass(frozen=True)
class Row:
    """What one look says about a process.

    Args:
        process: its identity: pid and start time, so that a reused pid is another process.
        parent: the pid of its parent.
        session: its session (POSIX), 0 where there is none.
        ended: it is a zombie: over, only not collected by its parent.
    """

    process: psutil.Process
    parent: int
    session: int
    ended: bool


def identity(pid: int) -> psutil.Process | None:
    """The process that has this pid now; None if there is none."""
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def read() -> dict[int, Row]:
    """Every process that can be seen, by pid."""
    table: dict[int, Row] = {}
    for batch, _ in batches():
        table |= batch
    return table


def batches() -> Iterator[tuple[dict[int, Row], bool]]:
    """Every process that can be seen; then those that started meanwhile, until there are none.

    A program that forks and ends over and over is always the process that started since the last
    listing. With each batch comes whether one of it was gone before it could be read.
    """
    # Identities are made afresh: psutil.process_iter caches them and would once skip a reused pid.
    listed = set[int]()
    for _ in range(_LISTINGS):
        new = set(psutil.pids()) - listed
        if not new:
            return
        listed |= new
        batch = rows(map(identity, new))
        yield batch, len(batch) < len(new)


def own_descendants() -> dict[int, Row]:
    """The processes below this one; cheaper than `read`."""
    return rows(psutil.Process().children(recursive=True))


def rows(processes: Iterable[psutil.Process | None]) -> dict[int, Row]:
    """Those of `processes` that still exist, by pid."""
    found = (_row(process) for process in processes if process is not None)
    return {row.process.pid: row for row in found if row is not None}


def below(table: Table, roots: Iterable[int]) -> set[int]:
    """The pids of all descendants of `roots`, without the roots themselves."""
    children: dict[int, list[int]] = {}
    for pid, row in table.items():
        children.setdefault(row.parent, []).append(pid)
    todo, descendants = list(roots), set[int]()
    while todo:
        new = set(children.get(todo.pop(), ())) - descendants
        descendants |= new
        todo.extend(new)
    return descendants


def own_line(table: Table) -> set[int]:
    """This process and its ancestors: they are never ended, whatever their environment says."""
    pid, line = os.getpid(), set[int]()
    while pid not in line:
        line.add(pid)
        pid = table[pid].parent if pid in table else os.getppid()
    return line


def alive(process: psutil.Process) -> bool:
    """True while exactly this process, no successor with its pid, runs or is stopped."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def environment(process: psutil.Process) -> Mapping[str, str] | None:
    """The environment that it was started with; None if it is gone or not ours to read."""
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return None


def of_this_user(process: psutil.Process) -> bool:
    """True if the user of the factory started it."""
    if sys.platform == "win32":
        return environment(process) is not None
    try:
        return process.uids().real == os.getuid()
    except psutil.Error:
        return False


def works_in(process: psutil.Process, folder: Path) -> bool:
    """True if its current folder is `folder` or below; also if that has been removed meanwhile."""
    try:
        cwd = process.cwd()
    except (psutil.Error, OSError):
        return False
    return bool(cwd) and Path(cwd).is_relative_to(folder)


def sees_mount(process: psutil.Process, source: str) -> bool:
    """True if something whose name begins so is mounted where it lives (proc(5): mountinfo).

    Never on another system than Linux.
    """
    if sys.platform != "linux":
        return False
    try:
        mounts = Path(f"/proc/{process.pid}/mountinfo").read_bytes()
    except OSError:
        return False
    return f" {source}".encode() in mounts


def has_terminal(process: psutil.Process) -> bool:
    """True if it has a controlling terminal. Always False on Windows."""
    if sys.platform == "win32":
        return False
    try:
        if sys.platform != "linux":
            return process.terminal() is not None
        # psutil remembers which terminals there are, and so does not know a new one.
        stat = Path(f"/proc/{process.pid}/stat").read_bytes()
        return int(stat.rpartition(b")")[2].split()[4]) != 0  # proc(5): tty_nr
    except (psutil.Error, OSError):
        return True


def holders_of_terminal(process: psutil.Process) -> list[psutil.Process]:
    """Who has the other end of its pseudo-terminal, as far as that can be seen (Linux).

    An emulator, sshd or tmux for a terminal of the operator's; the process itself, or one of its
    own, for one that it made.
    """
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_bytes()
    except OSError:
        return []
    number = int(stat.rpartition(b")")[2].split()[4])
    major, minor = (number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00)
    if not _FIRST_PTS <= major <= _LAST_PTS:
        return []
    line = f"tty-index:\t{minor + (major - _FIRST_PTS) * 256}\n"
    found = (identity(pid) for pid in psutil.pids() if _has_open(pid, line))
    return [holder for holder in found if holder is not None]


def _has_open(pid: int, line: str) -> bool:
    """Whether a process has the master of a terminal open (proc(5), fdinfo)."""
    try:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{descriptor}").endswith("/ptmx"):
                    facts = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text()
                    if line in facts + "\n":
                        return True
    except OSError:
        pass
    return False


def session_of(pid: int) -> int:
    """Its session id (of this process for 0); 0 if it is gone or the system has no sessions."""
    if sys.platform == "win32":
        return 0
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _row(process: psutil.Process) -> Row | None:
    try:
        with process.oneshot():
            ended = process.status() == psutil.STATUS_ZOMBIE
            return Row(process, process.ppid(), session_of(process.pid), ended)
    except psutil.Error:
        return None
