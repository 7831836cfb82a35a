"""Whether the store of base commits is as it was left: noted when filled, compared before use.

Owns the note beside the store and what it says: size, times, inode of every file. Change times are
among them, which no ordinary program can put back. Mends nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import StorageError
from factory_engine.plain_file import read_plain

PROOF = "PROOF.json"
_SCHEMA = "factory.store/1"
_MOST_BYTES = 32 << 20
_PASSING = (".lock", ".tmp.", "tmp_", PROOF)

Facts = Mapping[str, list[int]]
"""By the path in the store: mode, size, mtime, ctime, inode."""


def facts_of(store: Path) -> Facts:
    """What can be seen of every file of the store without opening it."""
    facts_by_path = {}
    for folder, _, names in os.walk(store):
        for name in names:
            if name.startswith(_PASSING) or name.endswith(_PASSING):
                continue
            path = os.path.join(folder, name)
            try:
                facts = os.lstat(path)
            except FileNotFoundError:
                continue
            numbers = [facts.st_mode, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]
            facts_by_path[os.path.relpath(path, store)] = [*numbers, facts.st_ino]
    return facts_by_path


def note(store: Path) -> None:
    """Remember how the store is. A disk that refuses leaves it to be looked at anew."""
    document = {"schema_version": _SCHEMA, "files": facts_of(store)}
    try:
        storage.replace_file(store / PROOF, json.dumps(document).encode(), durable=False)
    except StorageError:
        return


def is_as_noted(store: Path) -> bool:
    """Whether every file is as it was when it was noted, none is missing and none is new."""
    try:
        document = json.loads(read_plain(store / PROOF, _MOST_BYTES))
        return bool(document["files"] == facts_of(store))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def doubt_if_changed(store: Path, before: Facts) -> None:
    """A program without a sandbox may have changed what it read: that is not believed next time.

    Args:
        store: the folder.
        before: `facts_of` it when it was begun to be used; new files are another run's.
    """
    now = facts_of(store)
    if any(now.get(path) != facts for path, facts in before.items()):
        with suppress(OSError):
            storage.disk.unlink(store / PROOF)


def remove_store(folder: Path) -> None:
    """Removes a store that nobody will look into. Raises OSError."""
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in names:
            storage.disk.unlink(os.path.join(parent, name))
        for name in folders:
            path = os.path.join(parent, name)
            (storage.disk.unlink if os.path.islink(path) else storage.disk.rmdir)(path)
    storage.disk.rmdir(folder)
