"""Who drives a run: one process at a time, and everyone else is told who.

Owns `work/lock`. The kernel frees the lock when its holder dies, however it dies; the file beside
it (`run_holder`) is only for words.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import filelock
import psutil

from factory_engine import storage
from factory_engine.clock import Clock, to_rfc3339
from factory_engine.errors import RunError
from factory_engine.run_holder import HOLDER, holder_of

LOCK = "lock"


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
    storage.make_folder(work)
    lock = filelock.FileLock(work / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise held_error(work) from None
    except OSError as error:
        raise storage.storage_error(error, work / LOCK, "cannot be locked") from error
    try:
        _write_holder(work, command)
        yield
    finally:
        with contextlib.suppress(OSError):
            (work / HOLDER).unlink()
        lock.release()
        with contextlib.suppress(OSError):
            (work / LOCK).unlink()
        with contextlib.suppress(OSError):
            work.rmdir()


def held_error(work: Path) -> RunError:
    """The message for a second process."""
    holder = holder_of(work)
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


def _write_holder(work: Path, command: str) -> None:
    me = psutil.Process(os.getpid())
    record = {
        "pid": me.pid,
        "created": me.create_time(),
        "command": command,
        "since": to_rfc3339(Clock().now_us())[:19] + "Z",
    }
    try:
        (work / HOLDER).write_text(json.dumps(record) + "\n", encoding="utf-8")
    except OSError as error:
        raise storage.storage_error(error, work / HOLDER, "cannot be written") from error
