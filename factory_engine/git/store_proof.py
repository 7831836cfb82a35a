"""Whether the store of base commits is as it was left: noted when filled, compared before use.

Owns the note beside the store and what it says: size, times, inode of every file. Change times are
among them, which no ordinary program can put back. Git itself gives a pack new times where it is
about to write an object that is in there: a pack whose content is what its name says is as it was,
whatever its times. Mends nothing.
"""

from __future__ import annotations

import hashlib
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
        noted = json.loads(read_plain(store / PROOF, _MOST_BYTES))["files"]
        now = facts_of(store)
        if noted == now:
            return True
        if noted.keys() != now.keys() or _is_changed(store, noted, now):
            return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    note(store)  # with the new times, so that nothing need be read the next time
    return True


def doubt_if_changed(store: Path, before: Facts) -> None:
    """A program without a sandbox may have changed what it read: that is not believed next time.

    Args:
        store: the folder.
        before: `facts_of` it when it was begun to be used; new files are another run's.
    """
    if _is_changed(store, before, facts_of(store)):
        with suppress(OSError):
            storage.disk.unlink(store / PROOF)


def _is_changed(store: Path, before: Facts, now: Facts) -> bool:
    """Whether a file is another one or gone; what has come in addition plays no part."""
    return any(
        now.get(path) != facts and not _is_the_same_pack(store / path, facts, now.get(path))
        for path, facts in before.items()
    )


def _is_the_same_pack(path: Path, before: list[int], now: list[int] | None) -> bool:
    """Whether only the times of a pack differ; its name is the digest that ends its content."""
    if path.suffix != ".pack" or now is None or _but_times(before) != _but_times(now):
        return False
    name = path.stem.removeprefix("pack-")
    digest = hashlib.sha256() if len(name) == 64 else hashlib.sha1()
    with open(path, "rb") as file:
        left = os.fstat(file.fileno()).st_size - digest.digest_size
        while left > 0 and (piece := file.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
        return left == 0 and digest.digest() == file.read() and digest.hexdigest() == name


def _but_times(facts: list[int]) -> tuple[int, int, int]:
    mode, size, _, _, inode = facts
    return mode, size, inode


def remove_store(folder: Path) -> None:
    """Removes a store that nobody will look into. Raises OSError."""
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in names:
            storage.disk.unlink(os.path.join(parent, name))
        for name in folders:
            path = os.path.join(parent, name)
            (storage.disk.unlink if os.path.islink(path) else storage.disk.rmdir)(path)
    storage.disk.rmdir(folder)
