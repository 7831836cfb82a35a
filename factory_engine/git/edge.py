"""The edge to the file system: an OSError becomes an error that a user can act on.

Owns the translation and the small writes of git's plain files. Never touches the user's `.git`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from factory_engine.storage import make_folder, replace_file, storage_error


@contextmanager
def storage_errors(what: str, where: Path) -> Iterator[None]:
    """Turns an OSError of the block into a StorageError that says `what` failed at `where`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, where, what) from error


def is_real_folder(entry: os.DirEntry[bytes]) -> bool:
    """Whether `entry` is a folder itself, not a link to one; a junction of Windows is a link."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    return os.name != "nt" or not getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0)


def write_if_different(path: Path, content: bytes) -> None:
    """Makes `path` a plain file of these bytes; one that already is stays untouched.

    The name changes hands in one step, so that a reader beside it sees the old or the new.
    """
    with suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    make_folder(path.parent, durable=False)
    replace_file(path, content, durable=False)
