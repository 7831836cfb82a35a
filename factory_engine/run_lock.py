"""Who drives a run: one process at a time, and everyone else is told who.

Owns `work/lock`. The kernel frees the lock when its holder dies, however it dies; the file beside
it (`run_holder`) is only for words.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import filelock
import psutil

from factory_engine import storage
from factory_engine.clock import Clock, to_rfc3339
from factory_engine.errors import RunError, StorageError
from factory_engine.run_holder import HOLDER, Holder, holder_of

LOCK = "lock"
_NAMED_S = 0.5


@contextlib.contextmanager
def hold(work: Path, command: str) -> Iterator[None]:
    """Hold the run whose work folder is `work` for as long as the block runs.

    Args:
        work: the run's work folder; created where missing, removed afterwards if it is empty.
        command: what the holder does, for the message that a second process gets.

    Raises:
        RunError: another process holds it.
        StorageError: the folder does not take files.
    """
    lock = _taken(work)
    try:
        _write_holder(work, command)
        yield
    finally:
        _leave(work, lock)


def _require_own_folders(work: Path) -> None:
    """Raises RunError where what is written for the run would land elsewhere."""
    for path in (work.parent, work, work / LOCK):
        if path.is_symlink():
            raise RunError(
                "is a symbolic link, which no run makes",
                where=f"{work.parent.name}/{path.relative_to(work.parent)}",
                advice="remove the link; what it leads to is left alone",
            )


def _held_error(work: Path) -> RunError:
    """The message for a second process."""
    holder = _named_holder(work)
    who = (
        f"by process {holder.pid} ({holder.command}) since {holder.since}"
        if holder
        else "by another process"
    )
    return RunError(
        f"the run is being driven {who}",
        where=work.parent.name,
        advice="wait for it, follow it with `watch`, or stop it with `cancel`",
    )


def _named_holder(work: Path) -> Holder | None:
    """Who holds the lock: it is held an instant before its holder has put down who that is."""
    until = time.monotonic() + _NAMED_S
    while (holder := holder_of(work)) is None and time.monotonic() < until:
        if not (work / LOCK).exists():
            return None  # let go of in the meantime
        time.sleep(0.01)
    return holder


def _taken(work: Path) -> filelock.BaseFileLock:
    """The lock, held. Its last holder may be removing the folder just now, so it is tried again."""
    for last in (False, False, True):
        lock = filelock.FileLock(work / LOCK, timeout=0)
        _require_own_folders(work)
        try:
            storage.make_folder(work)
            lock.acquire()
            return lock
        except filelock.Timeout:
            raise _held_error(work) from None
        except OSError as error:
            if last:
                raise storage.storage_error(error, work / LOCK, "cannot be locked") from error
        except StorageError:
            if last:
                raise
    raise AssertionError("the last time returns or raises")


def _leave(work: Path, lock: filelock.BaseFileLock) -> None:
    """Let go of the lock and leave nothing of it.

    Its file is removed while it is still held: after the release it may be somebody else's, who
    would then hold a lock without a name beside a third with a new one. Windows removes no open
    file, so there it goes afterwards, and stays if somebody else has it open by then.
    """
    names = (HOLDER,) if os.name == "nt" else (HOLDER, LOCK)
    for name in names:
        with contextlib.suppress(OSError):
            storage.disk.unlink(work / name)
    lock.release()
    with contextlib.suppress(OSError):
        if os.name == "nt":
            storage.disk.unlink(work / LOCK)
        storage.disk.rmdir(work)


def _write_holder(work: Path, command: str) -> None:
    me = psutil.Process(os.getpid())
    record = {
        "pid": me.pid,
        "created": me.create_time(),
        "command": command,
        "since": to_rfc3339(Clock().now_us())[:19] + "Z",
    }
    storage.replace_file(work / HOLDER, (json.dumps(record) + "\n").encode(), durable=False)
