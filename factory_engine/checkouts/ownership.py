"""Whose the workspaces of a run are: a file that names its run folder, locked while it is driven.

Owns `<workspaces>/owners/<run id>`. All work trees of a repository share one workspaces folder, and
the runs in it may lie in several lists: who is about to remove some takes their lock first, and
leaves alone what belongs to a run folder of another list. The kernel frees a lock at any death.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import RunError, StorageError
from factory_engine.plain_file import read_plain

if os.name == "posix":
    import fcntl

OWNERS = "owners"
_MOST_BYTES = 10_000


class Busy(Exception):
    """Somebody drives the run whose workspaces these are."""


@contextlib.contextmanager
def owned(workspaces: Path, run_folder: Path) -> Iterator[None]:
    """Have the workspaces of the run in `run_folder` for as long as the block runs.

    Nothing of this is left when no workspace is.

    Raises:
        RunError: they are another run's, of the same id.
    """
    path = workspaces / OWNERS / run_folder.name
    try:
        descriptor = _locked(path)
    except Busy:
        raise _of_another(path, run_folder) from None
    except StorageError:
        # nothing can be put there either, which is preflight's to say
        yield
        return
    try:
        owner = owner_of(workspaces, run_folder.name)
        if owner not in (None, run_folder) and _holds_any(workspaces, run_folder.name):
            raise _of_another(path, run_folder)
        _write(descriptor, path, os.fsencode(run_folder))
        yield
    finally:
        if not _holds_any(workspaces, run_folder.name):
            _remove(path)
        os.close(descriptor)


@contextlib.contextmanager
def removing(workspaces: Path, run_id: str) -> Iterator[Path | None]:
    """Have the workspaces of a run that nobody drives, in order to remove them.

    Yields:
        the run folder that they belong to; None where none is named.

    Raises:
        Busy: somebody drives it. StorageError: the lock cannot be had.
    """
    path = workspaces / OWNERS / run_id
    descriptor = _locked(path)
    try:
        yield owner_of(workspaces, run_id)
    finally:
        if not _holds_any(workspaces, run_id):
            _remove(path)
        os.close(descriptor)


def owner_of(workspaces: Path, run_id: str) -> Path | None:
    """The run folder that workspaces belong to; None where nothing says so."""
    try:
        text = read_plain(workspaces / OWNERS / run_id, _MOST_BYTES)
    except OSError:
        return None
    return Path(os.fsdecode(text)) if text else None


def _locked(path: Path) -> int:
    """The file, open and locked. Raises Busy, or StorageError."""
    storage.make_folder(path.parent, durable=False)
    while True:
        try:
            descriptor = storage.disk.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise storage.storage_error(error, path, "cannot be locked") from error
        if os.name != "posix":
            return descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise Busy from None
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # whoever had it before has just removed it


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False


def _write(descriptor: int, path: Path, data: bytes) -> None:
    """In place: another file at this path would be another lock."""
    try:
        storage.disk.truncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        storage.write_all(descriptor, data)
    except OSError as error:
        raise storage.storage_error(error, path, "cannot be written") from error


def _holds_any(workspaces: Path, run_id: str) -> bool:
    return os.path.lexists(workspaces / "runs" / run_id)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        storage.disk.unlink(path)
    for folder in (path.parent, path.parent.parent):
        with contextlib.suppress(OSError):
            storage.disk.rmdir(folder)  # only where it is empty


def _of_another(path: Path, run_folder: Path) -> RunError:
    owner = owner_of(path.parent.parent, run_folder.name)
    return RunError(
        "a run of the same id has its workspaces there",
        where=str(owner or run_folder.name),
        advice="wait for it, give this one another id, or remove the other with `prune`",
    )
